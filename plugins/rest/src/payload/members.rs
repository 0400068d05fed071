//! Reading the members of a payload's objects, and skipping their values. It deliberately keeps no value and allocates nothing
//! for any object but the first.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Which members the objects of a payload have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// One object with these members, sorted.
    Object(Vec<String>),
    /// Objects that all have these members, sorted.
    Array(Vec<String>),
    /// No object at all.
    Empty,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

/// The whole payload. What is neither object nor array holds no object.
struct Shape;

impl<'de> Visitor<'de> for Shape {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Members, A::Error> {
        members(map).map(Members::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Members, A::Error> {
        let Some(First(members)) = sequence.next_element()? else { return Ok(Members::Empty) };
        let mut seen = vec![false; members.len()];
        while sequence.next_element_seed(Next { members: &members, seen: &mut seen })?.is_some() {}
        Ok(Members::Array(members))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Members, E> {
        Ok(Members::Empty)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Members, E> {
        Ok(Members::Empty)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Members, E> {
        Ok(Members::Empty)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Members, E> {
        Ok(Members::Empty)
    }

    fn visit_str<E>(self, _: &str) -> Result<Members, E> {
        Ok(Members::Empty)
    }

    fn visit_unit<E>(self) -> Result<Members, E> {
        Ok(Members::Empty)
    }
}

fn members<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<String>, A::Error> {
    let mut members = Vec::new();
    while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
        members.push(name);
    }
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

/// The first object of an array, which says what members the others have.
struct First(Vec<String>);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = First;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<First, A::Error> {
                members(map).map(First)
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Another object, which must have the same members.
struct Next<'a> {
    members: &'a [String],
    /// Which of them this object has; kept between objects so that each costs no allocation.
    seen: &'a mut [bool],
}

impl<'de> DeserializeSeed<'de> for Next<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Next<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with the same members as the first")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.seen.fill(false);
        let members = self.members;
        while let Some(place) = map.next_key_seed(Place(members))? {
            self.seen[place] = true;
            map.next_value::<IgnoredAny>()?;
        }
        if self.seen.contains(&false) { Err(A::Error::custom("a member is missing")) } else { Ok(()) }
    }
}

/// A member's name, as its place among the sorted ones.
struct Place<'a>(&'a [String]);

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a member of the first object")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        self.0.binary_search_by(|member| member.as_str().cmp(name)).map_err(|_| E::custom("a member too many"))
    }
}
