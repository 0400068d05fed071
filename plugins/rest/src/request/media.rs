//! Media types: what form the answer may take (`Accept`), and what a payload is. It deliberately does not choose: that takes
//! the catalogue, which may have handlers of its own.

/// A media type, with the parameters that mean something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    GeoJson,
    Csv,
    Text,
    Xml,
    OpenApi,
    Form,
    Bytes,
    Any,
    Other(String),
    /// An array of objects without the members that are null.
    Stripped,
    /// A single object, where anything but one row is a refusal.
    Single {
        strip: bool,
    },
    /// How Postgres would make the answer in another form.
    Plan {
        of: Box<Media>,
        json: bool,
        options: Vec<&'static str>,
    },
}

const NAMES: [(&str, Media); 9] = [
    ("application/json", Media::Json),
    ("application/geo+json", Media::GeoJson),
    ("text/csv", Media::Csv),
    ("text/plain", Media::Text),
    ("text/xml", Media::Xml),
    ("application/openapi+json", Media::OpenApi),
    ("application/x-www-form-urlencoded", Media::Form),
    ("application/octet-stream", Media::Bytes),
    ("*/*", Media::Any),
];

const OPTIONS: [&str; 5] = ["analyze", "verbose", "settings", "buffers", "wal"];

impl Media {
    /// Its name, with its parameters.
    pub(crate) fn name(&self) -> String {
        if let Some((name, _)) = NAMES.iter().find(|(_, media)| media == self) {
            return (*name).to_owned();
        }
        match self {
            Self::Other(name) => name.clone(),
            Self::Stripped => "application/vnd.pgrst.array+json;nulls=stripped".to_owned(),
            Self::Single { strip: true } => "application/vnd.pgrst.object+json;nulls=stripped".to_owned(),
            Self::Plan { of, json, options } => plan_name(of, *json, options),
            _ => "application/vnd.pgrst.object+json".to_owned(),
        }
    }

    /// For `Content-Type`.
    pub(crate) fn content_type(&self) -> String {
        match self {
            Self::Bytes | Self::Other(_) => self.name(),
            _ => format!("{}; charset=utf-8", self.name()),
        }
    }

    /// Whether anything but one row is a refusal.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self, Self::Single { .. })
    }
}

fn plan_name(of: &Media, json: bool, options: &[&str]) -> String {
    let format = if json { "json" } else { "text" };
    let options = if options.is_empty() { String::new() } else { format!("; options={}", options.join("|")) };
    format!("application/vnd.pgrst.plan+{format}; for=\"{}\"{options}", of.name())
}

/// What the client accepts, best first: by quality, then by how exactly it is named.
pub(crate) fn accept(header: Option<&str>) -> Vec<Media> {
    let Some(header) = header else { return vec![Media::Any] };
    let mut ranges: Vec<_> = header.split(',').map(ranked).collect();
    // Stable, so that what stands first wins among equals.
    ranges.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    ranges.into_iter().map(|(_, name)| read(&name)).collect()
}

/// Quality in thousandths and exactness, with the name and the parameters before the quality.
fn ranked(range: &str) -> ((u16, i32), String) {
    let range: String = range.chars().filter(|next| *next != ' ').collect();
    let (name, quality) = range.split_once(";q=").unwrap_or((&range, "1"));
    let quality = quality.split(';').next().and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0);
    let count = |wanted| i32::try_from(name.matches(wanted).count()).unwrap_or(0);
    (((quality.clamp(0.0, 1.0) * 1000.0) as u16, count(';') - count('*')), name.to_owned())
}

/// A media type by its text.
pub(crate) fn read(text: &str) -> Media {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let parameters: Vec<_> = parts.collect();
    let strip = parameters == ["nulls=stripped"];
    match name {
        "application/vnd.pgrst.object" | "application/vnd.pgrst.object+json" => Media::Single { strip },
        "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" if strip => Media::Stripped,
        "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" => Media::Json,
        "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text" => plan(&parameters, false),
        "application/vnd.pgrst.plan+json" => plan(&parameters, true),
        _ => NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(|| Media::Other(name.to_owned()), |(_, media)| media.clone()),
    }
}

fn plan(parameters: &[&str], json: bool) -> Media {
    let value = |name: &str| parameters.iter().find_map(|parameter| parameter.strip_prefix(name));
    let of = value("for=").map_or(Media::Json, |of| read(of.trim_matches('"')));
    let wanted: Vec<_> = value("options=").unwrap_or_default().split('|').collect();
    let options = OPTIONS.into_iter().filter(|option| wanted.contains(option)).collect();
    Media::Plan { of: Box::new(of), json, options }
}
