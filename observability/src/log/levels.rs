//! What is logged, to be changed while the log runs.

use tracing::Level;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::reload;

use crate::access::AccessLog;

/// The least severe level of the log. Cheap to clone; usable from any thread.
#[derive(Clone)]
pub struct Levels {
    filter: reload::Handle<LevelFilter, Registry>,
    access: AccessLog,
}

/// The log takes no other level any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log has ended")]
pub struct LevelError;

impl Levels {
    /// The filter of a log that begins with `level`, and what changes it.
    pub(super) fn new(
        level: Level,
        access: AccessLog,
    ) -> (reload::Layer<LevelFilter, Registry>, Self) {
        let (layer, filter) = reload::Layer::new(LevelFilter::from_level(level));
        access.turn(level >= Level::INFO);
        (layer, Self { filter, access })
    }

    /// The least severe level that is logged.
    #[must_use]
    pub fn get(&self) -> Level {
        let level = self.filter.clone_current().and_then(LevelFilter::into_level);
        level.unwrap_or(Level::ERROR)
    }

    /// Logs lines of this level and above from now on, in all threads; those of requests and
    /// connections are of the level `info`.
    ///
    /// # Errors
    /// After the end of the log.
    pub fn set(&self, level: Level) -> Result<(), LevelError> {
        self.filter.reload(LevelFilter::from_level(level)).map_err(|_| LevelError)?;
        self.access.turn(level >= Level::INFO);
        Ok(())
    }
}

impl std::fmt::Debug for Levels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Levels").field(&self.get()).finish()
    }
}

#[cfg(test)]
mod tests {
    use tracing::{debug, info, warn};
    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

    use super::*;
    use crate::log::testing::{self, Shown};
    use crate::log::{Format, layer};

    #[test]
    fn what_is_logged_changes_at_once_and_with_it_the_lines_of_requests() {
        let shown = Shown::default();
        let (sink, running) = testing::start(shown.clone());
        let access = AccessLog::new(sink.clone(), Format::Text);
        let (filter, levels) = Levels::new(Level::WARN, access.clone());
        let log = Registry::default().with(layer(sink, Format::Text).with_filter(filter));
        let say = |number: u32| {
            debug!("debug{number}");
            info!("info{number}");
            warn!("warn{number}");
        };
        tracing::subscriber::with_default(log, || {
            assert_eq!((levels.get(), access.is_on()), (Level::WARN, false));
            say(1);
            for (number, level, on) in [(2, Level::DEBUG, true), (3, Level::ERROR, false)] {
                levels.set(level).unwrap();
                assert_eq!((levels.get(), access.is_on()), (level, on));
                say(number);
            }
        });
        assert_eq!(levels.set(Level::INFO), Err(LevelError));
        drop(running);
        let said: Vec<_> =
            shown.text().lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect();
        assert_eq!(said, ["warn1", "debug2", "info2", "warn2"]);
    }
}
