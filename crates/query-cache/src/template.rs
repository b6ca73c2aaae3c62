//! Names of keys with places for arguments, checked when the program is compiled.

use std::fmt;
use std::marker::PhantomData;

use crate::key::{Key, KeyPart, Namespace, Tenant};

/// What the keys of one function look like: `schedule/{person}/{month}`, and the types of its places.
/// Made by [`template!`](crate::template).
///
/// The whole text is the keys' namespace, so keys of two different texts never meet, and
/// [`Cache::clear`](crate::Cache::clear) with it empties exactly the keys of this one. The arguments are
/// typed parts of the key, not text put in place. The text is the application's choice: two templates of
/// one text share their keys, wherever in the program they stand.
pub struct Template<A> {
    text: &'static str,
    arguments: PhantomData<fn(A)>,
}

/// Declares the keys of a function: `template!("schedule/{person}/{month}", person: u32, month: String)`.
///
/// A constant expression. It does not compile unless the names in braces are exactly the names behind the
/// text, in their order, and some text stands before the first.
///
/// ```
/// use query_cache::{Template, template};
///
/// const SCHEDULE: Template<(u32, String)> =
///     template!("schedule/{person}/{month}", person: u32, month: String);
///
/// assert_ne!(SCHEDULE.key((7, "2026-07".to_owned())), SCHEDULE.key((7, "2026-08".to_owned())));
/// ```
///
/// A name that is wrong, missing, out of order or too much is an error of the compiler:
///
/// ```compile_fail,E0080
/// query_cache::template!("schedule/{persom}/{month}", person: u32, month: String);
/// ```
/// ```compile_fail,E0080
/// query_cache::template!("schedule/{person}", person: u32, month: String);
/// ```
/// ```compile_fail,E0080
/// query_cache::template!("schedule/{person}/{month}", person: u32);
/// ```
/// ```compile_fail,E0080
/// query_cache::template!("schedule/{month}/{person}", person: u32, month: String);
/// ```
/// ```compile_fail,E0080
/// query_cache::template!("{person}/{month}", person: u32, month: String);
/// ```
/// ```compile_fail,E0080
/// query_cache::template!("schedule/{person/{month}", person: u32, month: String);
/// ```
#[macro_export]
macro_rules! template {
    ($text:literal $(, $name:ident : $type:ty)* $(,)?) => {{
        const TEXT: &str = $text;
        const { $crate::Template::<($($type,)*)>::checked(TEXT, &[$(stringify!($name)),*]) }
    }};
}

impl<A> Template<A> {
    /// For [`template!`](crate::template).
    ///
    /// # Panics
    ///
    /// When the program is compiled: if the places of `text` are not `names`.
    #[doc(hidden)]
    pub const fn checked(text: &'static str, names: &[&str]) -> Self {
        check(text.as_bytes(), names);
        Self { text, arguments: PhantomData }
    }

    /// The text, places included.
    pub const fn text(&self) -> &'static str {
        self.text
    }

    /// The namespace of the keys.
    pub fn namespace(&self) -> Namespace {
        Namespace::new(self.text)
    }

    pub(crate) fn namespace_of(&self, tenant: &Tenant) -> Namespace {
        tenant.namespace(self.text)
    }
}

impl<A: Arguments> Template<A> {
    /// The key for these arguments: a tuple of them, or the argument itself if there is one.
    pub fn key(&self, arguments: impl IntoArguments<A>) -> Key {
        arguments.into_arguments().key(self.namespace())
    }
}

impl<A> Copy for Template<A> {}

impl<A> Clone for Template<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> fmt::Debug for Template<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}

/// The arguments of a function, as a tuple of parts of a key. Implemented for tuples of up to six.
pub trait Arguments: Clone + Send + Sync + 'static {
    /// The key in `namespace` with these parts.
    fn key(&self, namespace: Namespace) -> Key;
}

/// What is taken for the arguments `A`: the tuple, or, where it has one element, that element.
pub trait IntoArguments<A> {
    /// The tuple.
    fn into_arguments(self) -> A;
}

impl<A> IntoArguments<(A,)> for A {
    fn into_arguments(self) -> (A,) {
        (self,)
    }
}

macro_rules! arguments {
    ($($name:ident)*) => {
        impl<$($name: KeyPart + Clone + Send + Sync + 'static),*> Arguments for ($($name,)*) {
            #[expect(non_snake_case, reason = "one name for a type and its value")]
            fn key(&self, namespace: Namespace) -> Key {
                let ($($name,)*) = self;
                Key::scoped(namespace)$(.part($name))*
            }
        }
    };
}

macro_rules! into_arguments {
    ($($name:ident)*) => {
        impl<$($name),*> IntoArguments<Self> for ($($name,)*) {
            fn into_arguments(self) -> Self {
                self
            }
        }
    };
}

impl Arguments for () {
    fn key(&self, namespace: Namespace) -> Key {
        Key::scoped(namespace)
    }
}

arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);
into_arguments!();
into_arguments!(A B);
into_arguments!(A B C);
into_arguments!(A B C D);
into_arguments!(A B C D E);
into_arguments!(A B C D E F);

/// Compares the places in `text` with `names`, one by one.
const fn check(text: &[u8], names: &[&str]) {
    assert!(!text.is_empty() && text[0] != b'{', "a template begins with a name of its own");
    let (mut at, mut found) = (0, 0);
    while at < text.len() {
        assert!(text[at] != b'}', "a template has a closing brace without an opening one");
        if text[at] == b'{' {
            assert!(found < names.len(), "a template has a place for which there is no argument");
            at = skip(text, at + 1, names[found].as_bytes());
            found += 1;
        }
        at += 1;
    }
    assert!(found == names.len(), "a template has no place for one of the arguments");
}

/// Where the brace stands that closes the place of `name`, which begins at `at`.
const fn skip(text: &[u8], at: usize, name: &[u8]) -> usize {
    let end = at + name.len();
    let mut same = end < text.len() && text[end] == b'}';
    let mut index = 0;
    while same && index < name.len() {
        same = text[at + index] == name[index];
        index += 1;
    }
    assert!(same, "a place of a template has another name than the argument in its turn");
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn templates_are_good_exactly_when_their_places_are_the_arguments() {
        let good = |text: &'static str, names: &'static [&'static str]| {
            catch_unwind(|| check(text.as_bytes(), names)).is_ok()
        };
        assert!(good("all", &[]) && good("a{x}", &["x"]) && good("a/{x}{yy}/z", &["x", "yy"]));
        let bad: &[(&str, &[&str])] = &[
            ("", &[]),
            ("{x}", &["x"]),
            ("a", &["x"]),
            ("a{x}", &[]),
            ("a{x}", &["y"]),
            ("a{x}", &["xy"]),
            ("a{xy}", &["x"]),
            ("a{x}{x}", &["x"]),
            ("a{y}{x}", &["x", "y"]),
            ("a{x", &["x"]),
            ("a}{x}", &["x"]),
            ("a{{x}}", &["x"]),
        ];
        for (text, names) in bad {
            assert!(!good(text, names), "{text} {names:?}");
        }
    }

    #[test]
    fn keys_are_apart_by_text_and_by_each_argument() {
        let one = template!("a/{x}", x: u32);
        let two = template!("a/{y}", y: u32);
        let both = template!("a/{x}/{y}", x: u32, y: &'static str);
        assert_eq!(one.key(7), template!("a/{x}", x: u32).key(7));
        assert_ne!(one.key(7), one.key(8));
        assert_ne!(one.key(7), two.key(7));
        assert_ne!(both.key((7, "a")), both.key((7, "b")));
        assert_eq!(both.key((7, "a")).namespace_label(), "a/{x}/{y}");
    }
}
