//! What a value tells a serializer, as a digest: two values of a type are the same to serde if
//! they tell the same.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::ser::{self, Serialize, Serializer};

/// The digest, or `None` for a value that refuses to be serialized.
///
/// The order of sequences and maps does not count: every format keeps it, and a `HashSet` or
/// `HashMap` that was read back has another. Costs one pass of the serializer, without output.
pub(super) fn of<T: Serialize + ?Sized>(value: &T, human_readable: bool) -> Option<u64> {
    let mut trace = Trace::new(human_readable);
    value.serialize(&mut trace).ok()?;
    Some(trace.digest.finish())
}

struct Trace {
    digest: DefaultHasher,
    human_readable: bool,
}

/// What is told, so that a number is not the text of that number.
#[derive(Hash)]
enum Told {
    Scalar(&'static str),
    Bytes,
    None,
    Some,
    Unit(&'static str),
    Newtype(&'static str),
    Variant(&'static str),
    Fields(usize),
    Field(&'static str),
    Skipped(&'static str),
    Unordered(u64),
}

impl Trace {
    fn new(human_readable: bool) -> Self {
        Self { digest: DefaultHasher::new(), human_readable }
    }

    fn tell(&mut self, told: &Told, value: impl Hash) {
        (told, value).hash(&mut self.digest);
    }

    fn unordered(&mut self) -> Unordered<'_> {
        let part = Self::new(self.human_readable);
        Unordered { whole: self, part, sum: 0, count: 0 }
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty)),* $(,)?) => {$(
        fn $method(self, value: $type) -> Result<(), Refused> {
            self.tell(&Told::Scalar(stringify!($type)), value);
            Ok(())
        }
    )*};
}

impl<'a> Serializer for &'a mut Trace {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Unordered<'a>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Unordered<'a>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    scalars!(
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_i128(i128),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_u128(u128),
        serialize_char(char),
        serialize_str(&str),
    );

    fn serialize_f32(self, value: f32) -> Result<(), Refused> {
        self.tell(&Told::Scalar("f32"), value.to_bits());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Refused> {
        self.tell(&Told::Scalar("f64"), value.to_bits());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refused> {
        self.tell(&Told::Bytes, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.tell(&Told::None, ());
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        self.tell(&Told::Some, ());
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.serialize_unit_struct("")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Refused> {
        self.tell(&Told::Unit(name), ());
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Refused> {
        self.tell(&Told::Variant(variant), index);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.tell(&Told::Newtype(name), ());
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.tell(&Told::Variant(variant), index);
        value.serialize(self)
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<Unordered<'a>, Refused> {
        Ok(self.unordered())
    }

    fn serialize_tuple(self, length: usize) -> Result<Self, Refused> {
        self.tell(&Told::Fields(length), ());
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Self, Refused> {
        self.serialize_tuple(length)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self, Refused> {
        self.tell(&Told::Variant(variant), index);
        self.serialize_tuple(length)
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Unordered<'a>, Refused> {
        Ok(self.unordered())
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Self, Refused> {
        self.serialize_tuple(length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self, Refused> {
        self.serialize_tuple_variant(name, index, variant, length)
    }

    fn is_human_readable(&self) -> bool {
        self.human_readable
    }
}

macro_rules! tuples {
    ($($trait:ident::$method:ident),* $(,)?) => {$(
        impl ser::$trait for &mut Trace {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )*};
}

tuples!(
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
);

macro_rules! structs {
    ($($trait:ident),* $(,)?) => {$(
        impl ser::$trait for &mut Trace {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Refused> {
                self.tell(&Told::Field(name), ());
                value.serialize(&mut **self)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), Refused> {
                self.tell(&Told::Skipped(name), ());
                Ok(())
            }

            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )*};
}

structs!(SerializeStruct, SerializeStructVariant);

/// Elements or entries, each with a digest of its own, added up.
struct Unordered<'a> {
    whole: &'a mut Trace,
    part: Trace,
    sum: u64,
    count: u64,
}

impl Unordered<'_> {
    fn add(&mut self) {
        let part = std::mem::take(&mut self.part.digest);
        self.sum = self.sum.wrapping_add(part.finish());
        self.count += 1;
    }

    fn tell(self) {
        self.whole.tell(&Told::Unordered(self.count), self.sum);
    }
}

impl ser::SerializeSeq for Unordered<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut self.part)?;
        self.add();
        Ok(())
    }

    fn end(self) -> Result<(), Refused> {
        self.tell();
        Ok(())
    }
}

impl ser::SerializeMap for Unordered<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(&mut self.part)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut self.part)?;
        self.add();
        Ok(())
    }

    fn end(self) -> Result<(), Refused> {
        self.tell();
        Ok(())
    }
}

/// The value's own code says that it cannot be serialized.
#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused;

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }
}
