//! What can be a part of a key.

use std::borrow::Cow;
use std::sync::Arc;

use super::{KeyPart, PartWriter};

macro_rules! integer_parts {
    ($($integer:ty),*) => {$(
        impl KeyPart for $integer {
            fn write(&self, part: &mut PartWriter<'_>) {
                part.integer(i128::from(*self));
            }
        }
    )*};
}

integer_parts!(u8, u16, u32, u64, i8, i16, i32, i64, i128);

impl KeyPart for u128 {
    fn write(&self, part: &mut PartWriter<'_>) {
        match i128::try_from(*self) {
            Ok(number) => part.integer(number),
            Err(_) => part.huge(*self),
        }
    }
}

impl KeyPart for isize {
    fn write(&self, part: &mut PartWriter<'_>) {
        (*self as i64).write(part);
    }
}

impl KeyPart for usize {
    fn write(&self, part: &mut PartWriter<'_>) {
        (*self as u64).write(part);
    }
}

impl KeyPart for str {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.text(self);
    }
}

impl KeyPart for String {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.text(self);
    }
}

impl KeyPart for char {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.text(self.encode_utf8(&mut [0; 4]));
    }
}

impl KeyPart for bool {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.flag(*self);
    }
}

impl KeyPart for [u8] {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.bytes(self);
    }
}

impl<const N: usize> KeyPart for [u8; N] {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.bytes(self);
    }
}

impl KeyPart for Vec<u8> {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.bytes(self);
    }
}

#[cfg(feature = "uuid")]
impl KeyPart for uuid::Uuid {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.bytes(self.as_bytes());
    }
}

macro_rules! tuple_parts {
    ($(($($name:ident),+))*) => {$(
        impl<$($name: KeyPart),+> KeyPart for ($($name,)+) {
            #[expect(non_snake_case, reason = "one name for a type and its value")]
            fn write(&self, part: &mut PartWriter<'_>) {
                let ($($name,)+) = self;
                part.list([$($name as &dyn KeyPart),+]);
            }
        }
    )*};
}

tuple_parts!((A)(A, B)(A, B, C)(A, B, C, D));

impl<P: KeyPart> KeyPart for Option<P> {
    fn write(&self, part: &mut PartWriter<'_>) {
        part.presence(self.is_some());
        if let Some(inner) = self {
            inner.write(part);
        }
    }
}

impl<P: KeyPart + ?Sized> KeyPart for &P {
    fn write(&self, part: &mut PartWriter<'_>) {
        P::write(self, part);
    }
}

impl<P: KeyPart + ?Sized> KeyPart for Box<P> {
    fn write(&self, part: &mut PartWriter<'_>) {
        P::write(self, part);
    }
}

impl<P: KeyPart + ?Sized> KeyPart for Arc<P> {
    fn write(&self, part: &mut PartWriter<'_>) {
        P::write(self, part);
    }
}

impl<P: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, P> {
    fn write(&self, part: &mut PartWriter<'_>) {
        P::write(self, part);
    }
}
