//! Why a request is not served, and why an answer is not passed on.

use thiserror::Error;

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The head is not what RFC 9112 allows, in a way that has no name here.
    #[error("the head is malformed")]
    BadHead,
    /// It does not begin with a method, a target and a version, one space between them.
    #[error("the request line is not `METHOD target HTTP/1.1` with single spaces")]
    BadRequestLine,
    /// A version other than 1.0 and 1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1; send one of these")]
    UnknownVersion,
    /// A byte in the target that none may have.
    #[error("the target has a `#`, a control or a byte that is not ASCII; percent-encode it")]
    BadTarget,
    /// A target in a form that does not go with the method, or that is not served.
    #[error("the target is neither a path nor an http URI, nor `*` of OPTIONS")]
    BadTargetForm,
    /// The method CONNECT.
    #[error("CONNECT is not served: this is no proxy of its clients' choice")]
    Connect,
    /// A carriage return that ends no line.
    #[error("a carriage return is not followed by a line feed")]
    BareCarriageReturn,
    /// A line feed alone.
    #[error("a line ends without a carriage return")]
    BareLineFeed,
    /// A field that goes on in the next line.
    #[error("a line of the head begins with white space; send each field on one line")]
    ObsFold,
    /// White space between a field's name and its colon.
    #[error("there is white space between a field's name and its colon")]
    SpaceBeforeColon,
    /// A field's name that is no token.
    #[error("a field's name is no token")]
    BadFieldName,
    /// A control in a field's value.
    #[error("there is a control in a field's value")]
    BadFieldValue,
    /// The head is longer than it may be.
    #[error("the head is longer than `head_size` allows")]
    HeadTooLong,
    /// There are more fields than may be.
    #[error("the head has more fields than `fields` allows")]
    TooManyFields,
    /// `Connection` names more than it may.
    #[error("Connection has more than 32 options")]
    TooManyOptions,
    /// HTTP/1.1 without `Host`.
    #[error("there is no Host")]
    NoHost,
    /// More than one `Host`.
    #[error("there is more than one Host")]
    SecondHost,
    /// A `Host` that is no host with or without a port.
    #[error("Host is no host with or without a port")]
    BadHost,
    /// The target names one host and `Host` another.
    #[error("Host is another than that of the target")]
    OtherHost,
    /// A `Content-Length` that is no length, or a second one.
    #[error("Content-Length is not one number")]
    BadLength,
    /// Both `Content-Length` and `Transfer-Encoding`.
    #[error("there are both Content-Length and Transfer-Encoding; send one")]
    LengthAndCoding,
    /// `Transfer-Encoding` in HTTP/1.0.
    #[error("HTTP/1.0 has no Transfer-Encoding")]
    CodingInOldVersion,
    /// A transfer-coding other than `chunked`, alone and once.
    #[error("the transfer-coding is another than chunked")]
    UnknownCoding,
    /// An `Expect` other than `100-continue`.
    #[error("Expect is another than 100-continue")]
    UnknownExpectation,
    /// A chunk is not framed as RFC 9112 §7.1 says.
    #[error("the framing of a chunk is malformed")]
    BadChunk,
    /// A trailer is not what RFC 9112 allows.
    #[error("the trailer is malformed")]
    BadTrailer,
    /// A trailer is longer, or has more fields, than it may.
    #[error("the trailer is longer than a head may be")]
    TrailerTooLong,
    /// The body is longer than it may be.
    #[error("the body is longer than `body_size` allows")]
    BodyTooLong,
}

impl Refusal {
    /// The status it is answered with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadHead
            | Self::BadRequestLine
            | Self::BadTarget
            | Self::BadTargetForm
            | Self::BareCarriageReturn
            | Self::BareLineFeed
            | Self::ObsFold
            | Self::SpaceBeforeColon
            | Self::BadFieldName
            | Self::BadFieldValue
            | Self::NoHost
            | Self::SecondHost
            | Self::BadHost
            | Self::OtherHost
            | Self::BadLength
            | Self::LengthAndCoding
            | Self::CodingInOldVersion
            | Self::BadChunk
            | Self::BadTrailer => 400,
            Self::BodyTooLong => 413,
            Self::UnknownExpectation => 417,
            Self::HeadTooLong
            | Self::TooManyFields
            | Self::TooManyOptions
            | Self::TrailerTooLong => 431,
            Self::Connect | Self::UnknownCoding => 501,
            Self::UnknownVersion => 505,
        }
    }

    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadHead => "bad_head",
            Self::BadRequestLine => "bad_request_line",
            Self::UnknownVersion => "unknown_version",
            Self::BadTarget => "bad_target",
            Self::BadTargetForm => "bad_target_form",
            Self::Connect => "connect",
            Self::BareCarriageReturn => "bare_carriage_return",
            Self::BareLineFeed => "bare_line_feed",
            Self::ObsFold => "obs_fold",
            Self::SpaceBeforeColon => "space_before_colon",
            Self::BadFieldName => "bad_field_name",
            Self::BadFieldValue => "bad_field_value",
            Self::HeadTooLong => "head_too_long",
            Self::TooManyFields => "too_many_fields",
            Self::TooManyOptions => "too_many_options",
            Self::NoHost => "no_host",
            Self::SecondHost => "second_host",
            Self::BadHost => "bad_host",
            Self::OtherHost => "other_host",
            Self::BadLength => "bad_length",
            Self::LengthAndCoding => "length_and_coding",
            Self::CodingInOldVersion => "coding_in_old_version",
            Self::UnknownCoding => "unknown_coding",
            Self::UnknownExpectation => "unknown_expectation",
            Self::BadChunk => "bad_chunk",
            Self::BadTrailer => "bad_trailer",
            Self::TrailerTooLong => "trailer_too_long",
            Self::BodyTooLong => "body_too_long",
        }
    }
}

/// What is wrong with an answer: it becomes a 502.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadAnswer {
    /// One that is to be tried again elsewhere; it was left alone, and can still be passed on.
    #[error("the backend answered {0}, which is tried again elsewhere")]
    Unwanted(u16),
    /// The status line or a field is not what RFC 9112 allows.
    #[error("the head of the answer is malformed")]
    BadHead,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    #[error("the answer has a version of HTTP other than 1.0 and 1.1")]
    BadVersion,
    /// Three digits that are no status.
    #[error("the status of the answer is outside 100 to 599")]
    BadStatus,
    /// The head does not end within its limit.
    #[error("the head of the answer is longer than the limit")]
    HeadTooLong,
    /// More fields than the limit.
    #[error("the head of the answer has more fields than the limit")]
    TooManyFields,
    /// A `Content-Length` that is none, or more than one.
    #[error("the Content-Length of the answer is not one plain number")]
    BadLength,
    /// Two framings, of which somebody would take the other one.
    #[error("the answer has both Content-Length and Transfer-Encoding")]
    LengthAndCoding,
    /// A transfer-coding other than `chunked`, once and alone.
    #[error("the answer has a transfer-coding other than chunked")]
    UnknownCoding,
    /// `Transfer-Encoding` in HTTP/1.0, or with a status that has no body.
    #[error("the answer has a Transfer-Encoding where there may be none")]
    MisplacedCoding,
    /// A 101 to a request that did not ask for it, or to a protocol it cannot have asked for.
    #[error("the backend switches protocols without being asked to")]
    UnaskedUpgrade,
    /// The size, the data or the extensions of a chunk are not what RFC 9112 §7.1 allows.
    #[error("the chunked body of the answer is malformed")]
    BadChunk,
    /// A field after a chunked body is malformed.
    #[error("the trailer section of the answer is malformed")]
    BadTrailer,
    /// The fields after a chunked body are more, or longer, than a head may be.
    #[error("the trailer section of the answer is longer than a head may be")]
    TrailerTooLong,
    /// The body is longer than its limit.
    #[error("the body of the answer is longer than the limit")]
    BodyTooLong,
    /// The backend's stream ended before there was an answer.
    #[error("the backend ended the connection before it answered")]
    Missing,
    /// More interim answers than any request can want.
    #[error("the backend sent too many interim answers")]
    TooManyInterim,
    /// The backend's stream ended in the middle of the body.
    #[error("the answer ended before its body did")]
    Truncated,
}

impl BadAnswer {
    /// A code for logs: stable, the same for all answers with this fault, and that of no request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unwanted(_) => "unwanted_status",
            Self::BadHead => "answer_bad_head",
            Self::BadVersion => "bad_version",
            Self::BadStatus => "bad_status",
            Self::HeadTooLong => "answer_head_too_long",
            Self::TooManyFields => "answer_too_many_fields",
            Self::BadLength => "answer_bad_length",
            Self::LengthAndCoding => "answer_length_and_coding",
            Self::UnknownCoding => "answer_unknown_coding",
            Self::MisplacedCoding => "misplaced_coding",
            Self::UnaskedUpgrade => "unasked_upgrade",
            Self::BadChunk => "answer_bad_chunk",
            Self::BadTrailer => "answer_bad_trailer",
            Self::TrailerTooLong => "answer_trailer_too_long",
            Self::BodyTooLong => "answer_body_too_long",
            Self::Missing => "missing_answer",
            Self::TooManyInterim => "too_many_interim_answers",
            Self::Truncated => "truncated",
        }
    }
}
