//! Media types: what form the answer takes (`Accept`), and whether a payload can be read. It deliberately offers only what Postgres makes in one pass: an array of
//! objects or a single object, as JSON.

use crate::refusal::Refusal;

/// A form of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// A single object, where anything but one row is a refusal.
    pub(crate) singular: bool,
    /// Members that are null are left out.
    pub(crate) strip_nulls: bool,
    /// Whether the vendor's type of an array was asked for by name.
    vendor: bool,
}

impl Media {
    /// For `Content-Type`.
    pub(crate) fn content_type(self) -> &'static str {
        match (self.singular, self.vendor, self.strip_nulls) {
            (true, _, false) => "application/vnd.pgrst.object+json; charset=utf-8",
            (true, _, true) => "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
            (false, true, true) => "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
            (false, true, false) => "application/vnd.pgrst.array+json; charset=utf-8",
            (false, false, _) => "application/json; charset=utf-8",
        }
    }
}

/// The form that the client likes best of those there are.
pub(crate) fn accept(header: Option<&str>) -> Result<Media, Refusal> {
    let Some(header) = header.filter(|header| !header.trim().is_empty()) else { return Ok(Media::default()) };
    let mut ranges: Vec<_> = header.split(',').map(|range| (quality(range), range.trim())).collect();
    // Stable, so that what stands first wins among equals.
    ranges.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    let known = ranges.iter().filter(|(quality, _)| *quality > 0).find_map(|(_, range)| media(range));
    known.ok_or_else(|| Refusal::media(&names(&ranges)))
}

/// Whether a payload of this type can be read. Without a type it is taken for JSON.
pub(crate) fn content(header: Option<&str>) -> Result<(), Refusal> {
    let name = header.and_then(|header| header.split(';').next()).map_or("application/json", str::trim);
    match name.eq_ignore_ascii_case("application/json") {
        true => Ok(()),
        false => Err(Refusal::body(format!("Content-Type not acceptable: {name}"))),
    }
}

fn names(ranges: &[(u16, &str)]) -> String {
    let names: Vec<_> = ranges.iter().map(|(_, range)| range.split(';').next().unwrap_or(range).trim()).collect();
    names.join(", ")
}

fn media(range: &str) -> Option<Media> {
    let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
    let strip_nulls = parameters.split(';').any(|parameter| parameter.trim() == "nulls=stripped");
    match name.trim() {
        "application/json" | "application/*" | "*/*" => Some(Media::default()),
        "application/vnd.pgrst.object+json" | "application/vnd.pgrst.object" => {
            Some(Media { singular: true, strip_nulls, vendor: true })
        }
        "application/vnd.pgrst.array+json" | "application/vnd.pgrst.array" => {
            Some(Media { singular: false, strip_nulls, vendor: true })
        }
        _ => None,
    }
}

/// `q` in thousandths.
fn quality(range: &str) -> u16 {
    let value = range.split(';').skip(1).find_map(|parameter| parameter.trim().strip_prefix("q="));
    let Some(value) = value.and_then(|value| value.trim().parse::<f32>().ok()) else { return 1000 };
    (value.clamp(0.0, 1.0) * 1000.0) as u16
}
