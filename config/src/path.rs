//! Where a value stands among the settings: `pool.web.backends[1].address`.

use std::fmt;

use crate::quote::quote;

/// One step down from a table or a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Into a table, by key.
    Key(String),
    /// Into a list, from zero.
    Index(usize),
}

/// The steps from the root to a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Path(Vec<Step>);

impl Path {
    /// The path that a program writes with dots; names of listeners and pools contain none.
    pub(crate) fn dotted(text: &str) -> Self {
        Self(text.split('.').map(|key| Step::Key(key.to_owned())).collect())
    }

    pub(crate) fn push(&mut self, key: &str) {
        self.0.push(Step::Key(key.to_owned()));
    }

    pub(crate) fn push_index(&mut self, index: usize) {
        self.0.push(Step::Index(index));
    }

    pub(crate) fn push_step(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path with one more key.
    pub(crate) fn join(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.push(key);
        path
    }

    /// The path that leads on from this one.
    pub(crate) fn below(&self, further: &Self) -> Self {
        Self([self.steps(), further.steps()].concat())
    }

    /// Whether this path leads on from the other.
    pub(crate) fn is_below(&self, other: &Self) -> bool {
        self.0.len() > other.0.len() && self.0.starts_with(&other.0)
    }
}

/// With dots; a key that could not stand bare in TOML is quoted and escaped.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
                    if !key.is_empty() && key.len() <= 64 && key.bytes().all(bare) {
                        f.write_str(key)?;
                    } else {
                        f.write_str(&quote(key))?;
                    }
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_it_would_be_written_in_toml() {
        let mut path = Path::dotted("pool.web.backends");
        path.push_index(1);
        assert_eq!(path.join("a b\n").to_string(), r#"pool.web.backends[1]."a b\n""#);
        path.pop();
        assert_eq!(path.to_string(), "pool.web.backends");
    }
}
