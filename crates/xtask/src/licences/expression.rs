//! SPDX licence expressions: <https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>.

use std::iter::Peekable;

/// Whether `expression` can be satisfied with the licences in `allowed`; `None` when it cannot be
/// read. `A/B`, an old way to write `A OR B`, is understood.
pub(crate) fn allows(expression: &str, allowed: &[&str]) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().peekable(), allowed };
    let answer = parser.alternatives()?;
    parser.words.next().is_none().then_some(answer)
}

struct Parser<'a, I: Iterator<Item = &'a str>> {
    words: Peekable<I>,
    allowed: &'a [&'a str],
}

impl<'a, I: Iterator<Item = &'a str>> Parser<'a, I> {
    fn alternatives(&mut self) -> Option<bool> {
        let mut answer = self.conjunction()?;
        while self.words.next_if_eq(&"OR").is_some() {
            answer |= self.conjunction()?;
        }
        Some(answer)
    }

    /// AND binds more tightly than OR.
    fn conjunction(&mut self) -> Option<bool> {
        let mut answer = self.licence()?;
        while self.words.next_if_eq(&"AND").is_some() {
            answer &= self.licence()?;
        }
        Some(answer)
    }

    fn licence(&mut self) -> Option<bool> {
        match self.words.next()? {
            "(" => {
                let answer = self.alternatives()?;
                self.words.next_if_eq(&")").map(|_| answer)
            }
            ")" | "OR" | "AND" | "WITH" => None,
            licence if self.words.next_if_eq(&"WITH").is_some() => {
                let exception = self.words.next()?;
                Some(self.is_allowed(&format!("{licence} WITH {exception}")))
            }
            licence => Some(self.is_allowed(licence)),
        }
    }

    fn is_allowed(&self, licence: &str) -> bool {
        self.allowed.contains(&licence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(expression: &str) -> Option<bool> {
        let allowed = ["MIT", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
        allows(expression, &allowed)
    }

    #[test]
    fn one_allowed_alternative_is_enough_and_every_conjunct_is_needed() {
        assert_eq!(of("MIT"), Some(true));
        assert_eq!(of("Apache-2.0/MIT"), Some(true));
        assert_eq!(of("GPL-3.0-only"), Some(false));
        assert_eq!(of("(MIT OR Apache-2.0) AND Unicode-3.0"), Some(true));
        assert_eq!(of("MIT AND GPL-3.0-only"), Some(false));
    }

    #[test]
    fn and_binds_more_tightly_than_or() {
        assert_eq!(of("MIT OR GPL-3.0-only AND GPL-2.0-only"), Some(true));
        assert_eq!(of("GPL-3.0-only AND GPL-2.0-only OR MIT"), Some(true));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert_eq!(of("Apache-2.0 WITH LLVM-exception"), Some(true));
        assert_eq!(of("MIT WITH LLVM-exception"), Some(false));
    }

    #[test]
    fn what_is_no_expression_is_not_allowed() {
        for text in ["", "MIT OR", "(MIT", "MIT MIT", "MIT)", "OR MIT"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
