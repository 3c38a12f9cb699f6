//! Where a message ends.
//!
//! QMP has no lengths and no lines: messages are JSON values one after the other, and a message ends with the token
//! that balances its brackets. So this is QEMU's lexer as far as that needs: it tells strings, numbers and words
//! apart, counts brackets, and after a byte that can be no part of any token it drops what there was and skips to a
//! byte at which a message may start. Called by the session with whatever has arrived.
//!
//! It does not check what stands between the brackets; whoever parses the message does.
//!
//! Why not one JSON value a line: clients may send a message over several lines, or several messages in one, and
//! QEMU's answers to garbage depend on where a token ends.

use super::reply::Refusal;

/// The longest message, in bytes. A client that never ends one costs at most so much memory.
const MESSAGE_BYTES: usize = 64 << 20;
/// The most tokens of a message.
const TOKENS: usize = 2 << 20;
/// How many brackets may stand inside each other.
const DEPTH: usize = 1024;

/// What a message may be like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The longest message, in bytes. A client that never ends one costs at most so much memory.
    pub(crate) bytes: usize,
    /// The most tokens of a message.
    pub(crate) tokens: usize,
    /// How many brackets may stand inside each other.
    pub(crate) depth: usize,
}

/// Those of a server.
impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: MESSAGE_BYTES, tokens: TOKENS, depth: DEPTH }
    }
}

/// What has been found in the stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame<'a> {
    /// A message whose brackets balance, or a lone token.
    Message(&'a [u8]),
    /// Bytes that can be part of no message.
    Bad(Refusal),
}

/// Where in a token the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between tokens.
    #[default]
    Start,
    /// In a string with these quotes.
    String(u8),
    /// Behind a backslash in such a string.
    Escape(u8),
    /// Behind a minus sign.
    Sign,
    /// Behind a leading zero.
    Zero,
    /// In the digits of an integer.
    Digits,
    /// Behind a decimal point.
    Point,
    /// In the digits of a fraction.
    Fraction,
    /// Behind the `e` of an exponent.
    Exponent,
    /// Behind the sign of an exponent.
    ExponentSign,
    /// In the digits of an exponent.
    ExponentDigits,
    /// In a word such as `true`.
    Word,
    /// After garbage, until something may start again.
    Recovery,
}

/// What a byte does to the token in front of it.
enum Move {
    /// It is part of it.
    On(State),
    /// It is the last of it.
    Last,
    /// The token ended before it.
    Before,
    /// It stands between tokens, or among garbage.
    Skip,
    /// Garbage ends before it.
    Again,
    /// It can be no part of it.
    Bad,
}

/// What a token makes of the message.
enum Verdict {
    Open,
    Complete,
    TooMuch(Refusal),
}

/// Finds messages in a stream of bytes.
#[derive(Debug, Default)]
pub(crate) struct Framer {
    limits: Limits,
    state: State,
    braces: usize,
    brackets: usize,
    tokens: usize,
    /// Whether a zero with an exponent was seen. It is JSON, but QEMU reads three tokens where a comma is missing.
    malformed: bool,
    /// What came in earlier pieces of the message that is being read.
    kept: Vec<u8>,
    /// Whether `kept` has been handed out and goes with the next call.
    spent: bool,
}

impl Framer {
    /// One with limits of its own.
    pub(crate) fn new(limits: Limits) -> Self {
        Framer { limits, ..Framer::default() }
    }

    /// Reads on in `bytes` until something is found. Returns how many bytes were taken, and what was found; nothing
    /// means that all were taken and the message goes on.
    pub(crate) fn next<'a>(&'a mut self, bytes: &'a [u8]) -> (usize, Option<Frame<'a>>) {
        if std::mem::take(&mut self.spent) {
            self.kept = Vec::new();
        }
        let (mut at, mut start) = (0, 0);
        while let Some(&byte) = bytes.get(at) {
            let ended = match step(self.state, byte) {
                Move::On(next) => {
                    self.state = next;
                    at += 1;
                    if matches!(next, State::String(_)) {
                        at = plain_end(bytes, at);
                    }
                    continue;
                }
                Move::Skip => {
                    at += 1;
                    if self.tokens == 0 {
                        start = at;
                    }
                    continue;
                }
                Move::Again => {
                    self.state = State::Start;
                    start = at;
                    continue;
                }
                Move::Bad => {
                    self.reset(State::Recovery);
                    let refusal = Refusal::syntax(format!("stray byte 0x{byte:02x}"));
                    return (at + 1, Some(Frame::Bad(refusal)));
                }
                Move::Last => {
                    at += 1;
                    self.token(if self.state == State::Start { byte } else { b'"' })
                }
                Move::Before => {
                    self.malformed |= self.state == State::Zero && byte == b'e';
                    self.token(b'0')
                }
            };
            self.state = State::Start;
            match ended {
                Verdict::Open => {}
                Verdict::Complete => {
                    return (at, Some(self.complete(bytes.get(start..at).unwrap_or_default())));
                }
                Verdict::TooMuch(refusal) => {
                    self.reset(State::Start);
                    return (at, Some(Frame::Bad(refusal)));
                }
            }
        }
        (bytes.len(), self.keep(bytes.get(start..).unwrap_or_default()).map(Frame::Bad))
    }

    /// How many bytes are set aside.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.kept.capacity()
    }

    fn reset(&mut self, state: State) {
        *self = Framer { limits: self.limits, state, ..Framer::default() };
    }

    /// Counts a token, given its first byte.
    fn token(&mut self, first: u8) -> Verdict {
        self.tokens += 1;
        let Limits { tokens, depth, .. } = self.limits;
        let closed = match first {
            b'{' => {
                self.braces += 1;
                false
            }
            b'[' => {
                self.brackets += 1;
                false
            }
            b'}' => self.braces.checked_sub(1).map(|left| self.braces = left).is_none(),
            b']' => self.brackets.checked_sub(1).map(|left| self.brackets = left).is_none(),
            _ => false,
        };
        if closed || self.braces + self.brackets == 0 {
            Verdict::Complete
        } else if self.braces + self.brackets > depth {
            Verdict::TooMuch(Refusal::limit(format!("nesting exceeds the limit of {depth} levels")))
        } else if self.tokens > tokens {
            Verdict::TooMuch(Refusal::limit(format!("message exceeds the limit of {tokens} tokens")))
        } else {
            Verdict::Open
        }
    }

    fn complete<'a>(&'a mut self, last: &'a [u8]) -> Frame<'a> {
        if self.malformed {
            self.reset(State::Start);
            return Frame::Bad(Refusal::syntax("an exponent behind a zero"));
        }
        (self.braces, self.brackets, self.tokens) = (0, 0, 0);
        if self.kept.is_empty() {
            return Frame::Message(last);
        }
        self.spent = true;
        self.kept.extend_from_slice(last);
        Frame::Message(&self.kept)
    }

    /// Keeps the beginning of a message until the rest comes.
    fn keep(&mut self, piece: &[u8]) -> Option<Refusal> {
        let limit = self.limits.bytes;
        if self.kept.len() + piece.len() > limit {
            self.reset(State::Recovery);
            return Some(Refusal::limit(format!("message exceeds the limit of {limit} bytes")));
        }
        self.kept.extend_from_slice(piece);
        None
    }
}

/// The first byte from `at` on that is not plain content of a string.
fn plain_end(bytes: &[u8], at: usize) -> usize {
    let plain = |byte: &u8| !matches!(byte, 0..=0x1f | b'"' | b'\'' | b'\\' | 0xfe | 0xff);
    bytes.get(at..).map_or(at, |rest| at + rest.iter().take_while(|byte| plain(byte)).count())
}

fn step(state: State, byte: u8) -> Move {
    use Move::{Again, Bad, Before, Last, On, Skip};
    match (state, byte) {
        (State::Start, b' ' | b'\t' | b'\r' | b'\n') => Skip,
        (State::Start, b'{' | b'}' | b'[' | b']' | b',' | b':') => Last,
        (State::Start, b'"' | b'\'') => On(State::String(byte)),
        (State::Start, b'-') => On(State::Sign),
        (State::Start | State::Sign, b'0') => On(State::Zero),
        (State::Start | State::Sign | State::Digits, b'0'..=b'9') => On(State::Digits),
        (State::Start | State::Word, b'a'..=b'z') => On(State::Word),

        (State::String(quote), _) if byte == quote => Last,
        (State::String(quote), b'\\') => On(State::Escape(quote)),
        (State::String(quote) | State::Escape(quote), 0x20..=0xfd) => On(State::String(quote)),

        (State::Zero, b'0'..=b'9') => Bad,
        (State::Zero | State::Digits, b'.') => On(State::Point),
        (State::Digits | State::Fraction, b'e' | b'E') => On(State::Exponent),
        (State::Point | State::Fraction, b'0'..=b'9') => On(State::Fraction),
        (State::Exponent, b'+' | b'-') => On(State::ExponentSign),
        (State::Exponent | State::ExponentSign | State::ExponentDigits, b'0'..=b'9') => {
            On(State::ExponentDigits)
        }
        (State::Zero | State::Digits | State::Fraction | State::ExponentDigits | State::Word, _) => Before,

        // A tab is the one control character behind which garbage goes on (seen with QEMU 10.0.2).
        (State::Recovery, b'\t') => Skip,
        (State::Recovery, 0..=0x1f | 0xfe | 0xff | b'{' | b'}' | b'[' | b']' | b',' | b':') => Again,
        (State::Recovery, _) => Skip,
        _ => Bad,
    }
}
