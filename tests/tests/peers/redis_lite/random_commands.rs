//! Random commands that redis-lite and redis-server are to answer alike, the same for each seed.
//!
//! Left out is what the two are known to differ in: options and commands that redis-lite does not
//! have, what is chosen by chance, what a server says of itself, where a walk of `SCAN` stands,
//! minus zero and floats that have no short form in base 2, an index of `LINDEX` that is no number,
//! and how an unknown command is quoted that is not UTF-8.

use std::fmt;

use fastrand::Rng;

mod forms;

use forms::Word::{self, Index, Integer, Key, Member, OneOf, Score, Time, Value};
use forms::{FORMS, Form};

/// What of two answers has to be the same.
#[derive(Clone, Copy, Debug)]
pub(super) enum Likeness {
    /// All of it.
    Bytes,
    /// All of it, but for the order of the items, of which so many belong together.
    Unordered { together: usize },
    /// A time that is left, but for as many as pass meanwhile.
    Time { per_second: u64 },
}

/// One command.
#[derive(Clone, Debug)]
pub(super) struct Command {
    words: Vec<Vec<u8>>,
    pub(super) likeness: Likeness,
}

impl Command {
    /// The request that asks for it.
    pub(super) fn request(&self) -> Vec<u8> {
        let mut request = format!("*{}\r\n", self.words.len()).into_bytes();
        for word in &self.words {
            request.extend(format!("${}\r\n", word.len()).into_bytes());
            request.extend(word);
            request.extend(b"\r\n");
        }
        request
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words.iter().try_for_each(|word| write!(f, "{} ", word.escape_ascii()))
    }
}

/// A stream of commands over a few keys, so that they meet with all types of values.
pub(super) struct RandomCommands {
    rng: Rng,
}

impl RandomCommands {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed) }
    }

    pub(super) fn next_command(&mut self) -> Command {
        let Form(name, words, more, likeness) = &FORMS[self.rng.usize(..FORMS.len())];
        let mut command = Command { words: vec![name.as_bytes().to_vec()], likeness: *likeness };
        words.iter().for_each(|word| self.word(*word, &mut command.words));
        for _ in 0..self.rng.usize(..4) {
            more.iter().for_each(|word| self.word(*word, &mut command.words));
        }
        // Where there is a choice, the short forms that are alike are among the choices.
        let chosen = words.iter().chain(*more).any(|word| matches!(word, OneOf(_)));
        if !chosen && command.words.len() > 1 && self.rng.u8(..40) == 0 {
            command.words.pop();
        }
        command
    }

    fn word(&mut self, word: Word, words: &mut Vec<Vec<u8>>) {
        match word {
            Key => words.push(self.key()),
            Value => words.push(self.value()),
            Member => words.push(self.member()),
            Integer => words.push(self.integer()),
            Index => words.push(self.rng.i64(-6..6).to_string().into()),
            Score => words.push(self.score()),
            Time => words.push(self.time()),
            OneOf(choices) => {
                let chosen = self.one_of(choices);
                words.extend(chosen.split_whitespace().map(|word| word.as_bytes().to_vec()));
            }
        }
    }

    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.rng.usize(..choices.len())]
    }

    fn key(&mut self) -> Vec<u8> {
        match self.rng.u8(..20) {
            0 => Vec::new(),
            1 => b"\xff\0\r\n".to_vec(),
            _ => format!("key:{}", self.rng.u8(..24)).into(),
        }
    }

    fn value(&mut self) -> Vec<u8> {
        let length = self.rng.usize(..8);
        match self.rng.u8(..8) {
            0 => self.integer(),
            1 => b"$5\r\nhello\r\n".to_vec(),
            2 => vec![b'x'; 1000 * length],
            _ => (0..length).map(|_| self.rng.u8(..)).collect(),
        }
    }

    fn member(&mut self) -> Vec<u8> {
        match self.rng.u8(..10) {
            0 => self.value(),
            1 => self.integer(),
            _ => format!("member:{}", self.rng.u8(..12)).into(),
        }
    }

    fn integer(&mut self) -> Vec<u8> {
        const ODD: &[&str] = &[
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "007",
            " 1",
            "1 ",
            "+1",
            "-0",
            "1.0",
            "0x10",
            "x",
            "",
        ];
        match self.rng.u8(..3) {
            0 => self.one_of(ODD).into(),
            1 => self.rng.i64(-1_000_000_000_000..1_000_000_000_000).to_string().into(),
            _ => self.rng.i64(-9..10).to_string().into(),
        }
    }

    fn score(&mut self) -> Vec<u8> {
        const ODD: &[&str] =
            &["inf", "-inf", "+inf", "nan", "1e3", "-1.25E-1", "1e20", "x", "", "1x", "0", " 1"];
        match self.rng.u8(..4) {
            0 => self.one_of(ODD).into(),
            // Quarters, whose sums are exact.
            _ => (f64::from(self.rng.i16(-40..40)) / 4.0).to_string().into(),
        }
    }

    fn time(&mut self) -> Vec<u8> {
        const ODD: &[&str] = &["0", "-1", "-9223372036854775808", "x", "1.5", ""];
        match self.rng.u8(..3) {
            0 => self.one_of(ODD).into(),
            // Neither over before the test is, nor near to one another in seconds.
            _ => (1_000_000 * self.rng.u32(1..100)).to_string().into(),
        }
    }
}
