//! A pull reader for JSON that keeps its own stack.
//!
//! A recursive reader needs either a depth limit, which real plans exceed, or a stack without a
//! bound. This one hands out one token after the other and remembers the open brackets in a vector.

use std::borrow::Cow;

use crate::Error;

/// One step through a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Key(Cow<'a, str>),
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    Null,
}

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Object,
    Array,
}

/// What may stand next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Open>,
    next: Next,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new(), next: Next::Value }
    }

    /// The next token, or nothing after the document's end.
    pub(super) fn token(&mut self) -> Result<Option<Token<'a>>, Error> {
        self.skip_space();
        if let Next::CommaOrEnd = self.next {
            if let Some(token) = self.close() {
                return Ok(Some(token));
            }
            self.eat(b',', "a comma or a closing bracket")?;
            self.skip_space();
            self.next =
                if self.open.last() == Some(&Open::Object) { Next::Key } else { Next::Value };
        }
        match self.next {
            Next::Nothing if self.at == self.text.len() => Ok(None),
            Next::Nothing => Err(self.error("the end of the text")),
            Next::KeyOrEnd | Next::ValueOrEnd => match self.close() {
                Some(token) => Ok(Some(token)),
                None => self.key_or_value().map(Some),
            },
            _ => self.key_or_value().map(Some),
        }
    }

    fn key_or_value(&mut self) -> Result<Token<'a>, Error> {
        if !matches!(self.next, Next::Key | Next::KeyOrEnd) {
            return self.value();
        }
        let key = self.string()?;
        self.skip_space();
        self.eat(b':', "a colon")?;
        self.next = Next::Value;
        Ok(Token::Key(key))
    }

    fn value(&mut self) -> Result<Token<'a>, Error> {
        let token = match self.peek() {
            Some(b'{') => return Ok(self.open(Open::Object)),
            Some(b'[') => return Ok(self.open(Open::Array)),
            Some(b'"') => Token::Text(self.string()?),
            Some(b't') => self.word("true", Token::Bool(true))?,
            Some(b'f') => self.word("false", Token::Bool(false))?,
            Some(b'n') => self.word("null", Token::Null)?,
            _ => self.number()?,
        };
        self.next = self.after_value();
        Ok(token)
    }

    fn open(&mut self, bracket: Open) -> Token<'a> {
        self.at += 1;
        self.open.push(bracket);
        match bracket {
            Open::Object => {
                self.next = Next::KeyOrEnd;
                Token::ObjectStart
            }
            Open::Array => {
                self.next = Next::ValueOrEnd;
                Token::ArrayStart
            }
        }
    }

    /// Takes a closing bracket if it fits the innermost open one.
    fn close(&mut self) -> Option<Token<'a>> {
        let token = match (self.open.last()?, self.peek()?) {
            (Open::Object, b'}') => Token::ObjectEnd,
            (Open::Array, b']') => Token::ArrayEnd,
            _ => return None,
        };
        self.open.pop();
        self.at += 1;
        self.next = self.after_value();
        Some(token)
    }

    fn after_value(&self) -> Next {
        if self.open.is_empty() { Next::Nothing } else { Next::CommaOrEnd }
    }

    fn word(&mut self, word: &'static str, token: Token<'a>) -> Result<Token<'a>, Error> {
        let rest = self.rest();
        if !rest.starts_with(word) {
            return Err(self.error("a value"));
        }
        self.at += word.len();
        Ok(token)
    }

    fn number(&mut self) -> Result<Token<'a>, Error> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        match rest.get(..end).unwrap_or_default().parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(Token::Number(number))
            }
            _ => Err(self.error("a value")),
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        if self.peek() != Some(b'"') {
            return Err(self.error("a string"));
        }
        let rest = self.rest();
        let (end, escaped) = end_of_string(rest).ok_or_else(|| self.error("a closing quote"))?;
        let quoted = rest.get(..=end).unwrap_or_default();
        let text = if escaped {
            // Escapes, with their surrogate pairs, are not worth a second implementation; one
            // string has no depth.
            Cow::Owned(serde_json::from_str(quoted).map_err(|_| self.error("a valid string"))?)
        } else {
            Cow::Borrowed(quoted.get(1..end).unwrap_or_default())
        };
        self.at += end + 1;
        Ok(text)
    }

    fn eat(&mut self, byte: u8, expected: &'static str) -> Result<(), Error> {
        if self.peek() != Some(byte) {
            return Err(self.error(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn skip_space(&mut self) {
        let rest = self.rest().as_bytes();
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, expected: &'static str) -> Error {
        Error::Syntax { offset: self.at, expected }
    }
}

/// Where the quote that ends the string stands, and whether the string holds an escape.
fn end_of_string(text: &str) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let (mut at, mut escaped) = (1, false);
    loop {
        match bytes.get(at)? {
            b'"' => return Some((at, escaped)),
            b'\\' => {
                escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
}
