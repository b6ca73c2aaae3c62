//! What a value takes in memory, found by going through it once.

use std::fmt;

use serde::ser::{self, Serialize};

/// About how many bytes of the heap a value in an `Arc` takes: exact for what it holds in place, an
/// estimate for what that owns. `None` if the value refuses to be serialized.
///
/// What it owns is told by serde, in the words of its data model: text and lists take their length, not
/// their capacity, an element as much as the largest of its list; what serde skips is not seen, and
/// what is shared is counted each time.
pub(crate) fn of<T: Serialize>(value: &T) -> Option<u64> {
    /// The two counts in front of what is in an `Arc`.
    const COUNTS: u64 = 16;
    let mut owned = 0;
    value.serialize(Meter { owned: &mut owned }).ok()?;
    Some(COUNTS + size_of::<T>() as u64 + owned)
}

/// How a piece lies in what holds it.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    size: u64,
    align: u64,
    /// Has values that mean nothing, so that an `Option` of it needs no more room.
    spare: bool,
    /// The sizes of its fields, where it has some and not too many.
    fields: [u32; MOST_FIELDS],
    len: usize,
}

/// Structs of more fields are compared as a whole.
const MOST_FIELDS: usize = 16;

impl Layout {
    const fn of<T>() -> Self {
        let (size, align) = (size_of::<T>() as u64, align_of::<T>() as u64);
        Self { size, align, spare: false, fields: [0; MOST_FIELDS], len: 0 }
    }

    /// Of a `String`, a `Vec` and their like.
    const fn owner() -> Self {
        Self { spare: true, ..Self::of::<Vec<u8>>() }
    }

    /// With one more field, in the order that leaves the fewest gaps.
    fn and(mut self, other: Self) -> Self {
        if let Some(field) = self.fields.get_mut(self.len) {
            *field = u32::try_from(other.size).unwrap_or(u32::MAX);
        }
        Self {
            size: self.size + other.size,
            align: self.align.max(other.align),
            spare: self.spare || other.spare,
            len: self.len + 1,
            ..self
        }
    }

    /// At the end, so that another one may follow.
    fn padded(self) -> Self {
        Self { size: self.size.next_multiple_of(self.align.max(1)), ..self }
    }

    fn marked(self) -> Self {
        if self.spare {
            return self;
        }
        let size = self.size + 1;
        Self { size, align: self.align.max(1), len: 0, ..self }.padded()
    }

    /// Of a type that may lie like either: one has what is absent in the other.
    fn or(mut self, other: Self) -> Self {
        if self.len != other.len || self.len == 0 || self.len > MOST_FIELDS {
            return if self.size < other.size { other } else { self };
        }
        for (field, other) in self.fields.iter_mut().zip(other.fields) {
            *field = (*field).max(other);
        }
        let size = self.fields.iter().map(|field| u64::from(*field)).sum();
        let (align, spare) = (self.align.max(other.align), self.spare || other.spare);
        Self { size, align, spare, ..self }.padded()
    }
}

/// Adds up what is owned, and tells how each piece lies.
struct Meter<'a> {
    owned: &'a mut u64,
}

impl Meter<'_> {
    fn again(&mut self) -> Meter<'_> {
        Meter { owned: self.owned }
    }

    fn owner(self, bytes: usize) -> Result<Layout, Refused> {
        *self.owned += bytes as u64;
        Ok(Layout::owner())
    }
}

/// The value does not want to be serialized.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused by the value")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Pieces that lie in one place: a struct, a tuple.
struct Pieces<'a> {
    meter: Meter<'a>,
    sum: Layout,
    is_variant: bool,
}

/// Pieces that lie in memory of their own: a list, a map.
struct Elements<'a> {
    meter: Meter<'a>,
    count: u64,
    largest: Layout,
    key: Layout,
    is_map: bool,
}

impl Pieces<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, piece: &T) -> Result<(), Refused> {
        self.sum = self.sum.and(piece.serialize(self.meter.again())?);
        Ok(())
    }

    fn finish(self) -> Layout {
        let sum = self.sum.padded();
        if self.is_variant { sum.marked() } else { sum }
    }
}

impl Elements<'_> {
    fn finish(self) -> Layout {
        let each = self.largest.padded().size;
        if self.is_map {
            // A hash table is between seven sixteenths and seven eighths full, with a byte for each place.
            let places = match self.count {
                0 => 0,
                1..=3 => 4,
                4..=7 => 8,
                more => (more * 8 / 7).next_power_of_two(),
            };
            *self.meter.owned += places * (each + 1) + u64::from(places > 0) * 16;
            Layout { spare: true, ..Layout::of::<[u64; 6]>() }
        } else {
            *self.meter.owned += self.count * each;
            Layout::owner()
        }
    }
}

macro_rules! plain {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, _: $type) -> Result<Layout, Refused> {
            Ok(Layout::of::<$type>())
        }
    )*};
}

impl<'a> ser::Serializer for Meter<'a> {
    type Ok = Layout;
    type Error = Refused;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Pieces<'a>;
    type SerializeTupleStruct = Pieces<'a>;
    type SerializeTupleVariant = Pieces<'a>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = Pieces<'a>;
    type SerializeStructVariant = Pieces<'a>;

    plain!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    );

    fn serialize_bool(self, _: bool) -> Result<Layout, Refused> {
        Ok(Layout { spare: true, ..Layout::of::<bool>() })
    }

    fn serialize_char(self, _: char) -> Result<Layout, Refused> {
        Ok(Layout { spare: true, ..Layout::of::<char>() })
    }

    fn serialize_str(self, text: &str) -> Result<Layout, Refused> {
        self.owner(text.len())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Layout, Refused> {
        self.owner(bytes.len())
    }

    fn serialize_none(self) -> Result<Layout, Refused> {
        Ok(Layout::default())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Layout, Refused> {
        Ok(value.serialize(self)?.marked())
    }

    fn serialize_unit(self) -> Result<Layout, Refused> {
        Ok(Layout::default())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Layout, Refused> {
        Ok(Layout::default())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<Layout, Refused> {
        Ok(Layout { spare: true, ..Layout::of::<u8>() })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Layout, Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<Layout, Refused> {
        Ok(value.serialize(self)?.marked())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, Refused> {
        Ok(self.elements(false))
    }

    fn serialize_tuple(self, _: usize) -> Result<Pieces<'a>, Refused> {
        Ok(self.pieces(false))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Pieces<'a>, Refused> {
        Ok(self.pieces(false))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Pieces<'a>, Refused> {
        Ok(self.pieces(true))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'a>, Refused> {
        Ok(self.elements(true))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Pieces<'a>, Refused> {
        Ok(self.pieces(false))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Pieces<'a>, Refused> {
        Ok(self.pieces(true))
    }

    /// Identifiers and times are then told as bytes and numbers, as they lie in memory.
    fn is_human_readable(&self) -> bool {
        false
    }
}

impl<'a> Meter<'a> {
    fn pieces(self, is_variant: bool) -> Pieces<'a> {
        Pieces { meter: self, sum: Layout::default(), is_variant }
    }

    fn elements(self, is_map: bool) -> Elements<'a> {
        let empty = Layout::default();
        Elements { meter: self, count: 0, largest: empty, key: empty, is_map }
    }
}

macro_rules! pieces {
    ($($trait:ident::$method:ident($($name:ident)?)),*) => {$(
        impl ser::$trait for Pieces<'_> {
            type Ok = Layout;
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                piece: &T,
            ) -> Result<(), Refused> {
                $(_ = $name;)?
                self.add(piece)
            }

            fn end(self) -> Result<Layout, Refused> {
                Ok(self.finish())
            }
        }
    )*};
}

pieces!(
    SerializeTuple::serialize_element(),
    SerializeTupleStruct::serialize_field(),
    SerializeTupleVariant::serialize_field(),
    SerializeStruct::serialize_field(name),
    SerializeStructVariant::serialize_field(name)
);

impl ser::SerializeSeq for Elements<'_> {
    type Ok = Layout;
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Refused> {
        self.count += 1;
        self.largest = self.largest.or(element.serialize(self.meter.again())?);
        Ok(())
    }

    fn end(self) -> Result<Layout, Refused> {
        Ok(self.finish())
    }
}

impl ser::SerializeMap for Elements<'_> {
    type Ok = Layout;
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.count += 1;
        self.key = key.serialize(self.meter.again())?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        let value = value.serialize(self.meter.again())?;
        let pair = Layout::default().and(self.key).and(value);
        self.largest = self.largest.or(pair);
        Ok(())
    }

    fn end(self) -> Result<Layout, Refused> {
        Ok(self.finish())
    }
}
