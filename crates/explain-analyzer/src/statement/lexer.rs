//! Cuts SQL text into the few kinds of pieces that matter here. Never fails: what is not closed
//! runs to the end.

use crate::plan::Backend;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name.
    Word,
    /// A quoted name.
    Quoted,
    /// A number or a string.
    Literal,
    /// A placeholder.
    Parameter,
    /// One character of anything else.
    Symbol,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Lexeme<'a> {
    pub(super) token: Token,
    pub(super) text: &'a str,
    pub(super) start: usize,
    /// Whether space or a comment stands before it.
    pub(super) spaced: bool,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    backend: Backend,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, backend: Backend) -> Self {
        Self { text, at: 0, backend }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let length = match rest.chars().next() {
                Some(c) if c.is_whitespace() => c.len_utf8(),
                Some('-') if rest.starts_with("--") => {
                    rest.find('\n').map_or(rest.len(), |end| end + 1)
                }
                Some('/') if rest.starts_with("/*") => block_comment(rest, self.backend),
                _ => return,
            };
            self.at += length;
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let before = self.at;
        self.skip_space();
        let (start, spaced) = (self.at, self.at > before);
        let rest = self.rest();
        let (token, length) = piece(rest, rest.chars().next()?, self.backend);
        self.at += length;
        Some(Lexeme { token, text: rest.get(..length)?, start, spaced })
    }
}

/// The kind and the length in bytes of the piece that `rest` begins with.
fn piece(rest: &str, first: char, backend: Backend) -> (Token, usize) {
    let sqlite = backend == Backend::Sqlite;
    match first {
        '\'' => (Token::Literal, quoted(rest, '\'', false)),
        'e' | 'E' if !sqlite && rest[1..].starts_with('\'') => {
            (Token::Literal, 1 + quoted(&rest[1..], '\'', true))
        }
        'x' | 'X' | 'b' | 'B' | 'n' | 'N' if rest[1..].starts_with('\'') => {
            (Token::Literal, 1 + quoted(&rest[1..], '\'', false))
        }
        '"' | '`' => (Token::Quoted, quoted(rest, first, false)),
        '[' if sqlite => (Token::Quoted, rest.find(']').map_or(rest.len(), |end| end + 1)),
        '$' if !sqlite => match dollar_quoted(rest) {
            Some(length) => (Token::Literal, length),
            None => (Token::Parameter, 1 + run(&rest[1..], is_word)),
        },
        '?' | '$' => (Token::Parameter, 1 + run(&rest[1..], is_word)),
        ':' | '@' if rest[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') => {
            (Token::Parameter, 1 + run(&rest[1..], is_word))
        }
        '0'..='9' => (Token::Literal, number(rest)),
        '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            (Token::Literal, number(rest))
        }
        c if is_word(c) => (Token::Word, run(rest, |c| is_word(c) || c == '$')),
        c => (Token::Symbol, c.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

/// Digits, a fraction, an exponent with its sign, hexadecimal digits.
fn number(text: &str) -> usize {
    let mut before = '0';
    text.find(|c: char| {
        let sign = matches!(c, '+' | '-') && matches!(before, 'e' | 'E') && !text.starts_with("0x");
        before = c;
        !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || sign)
    })
    .unwrap_or(text.len())
}

/// A doubled quote stands for itself; with `backslash` the character after one is taken as it is.
fn quoted(text: &str, quote: char, backslash: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && backslash {
            chars.next();
        } else if c == quote && chars.next_if(|&(_, next)| next == quote).is_none() {
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// `$tag$ ... $tag$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let name = run(text.get(1..)?, is_word);
    let tag = text.get(..name + 2).filter(|tag| tag.ends_with('$'))?;
    if tag[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let body = text.get(tag.len()..)?;
    Some(body.find(tag).map_or(text.len(), |end| tag.len() + end + tag.len()))
}

/// Comments nest in PostgreSQL and do not in SQLite.
fn block_comment(text: &str, backend: Backend) -> usize {
    let mut at = 2;
    let mut open = 1;
    while open > 0 {
        let Some(rest) = text.get(at..) else { return text.len() };
        let Some(step) = rest.find(['*', '/']) else { return text.len() };
        at += step;
        let rest = &rest[step..];
        if rest.starts_with("*/") {
            (open, at) = (open - 1, at + 2);
        } else if rest.starts_with("/*") && backend == Backend::Postgres {
            (open, at) = (open + 1, at + 2);
        } else {
            at += 1;
        }
    }
    at
}
