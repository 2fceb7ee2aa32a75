//! What a backend answers.
