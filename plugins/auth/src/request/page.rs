//! Pages of a list: which is wanted, and the links to others. It deliberately counts nothing.

use form_urlencoded::Serializer;

use crate::refusal::Refusal;

/// A page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: u32,
    pub(crate) size: u32,
    pub(crate) filter: String,
}

/// As GoTrue has it.
const SIZE: u32 = 50;
const MAX_SIZE: u32 = 1000;
const MAX_FILTER: usize = 254;

/// The page that a query asks for.
pub(crate) fn parse(query: &str) -> Result<Page, Refusal> {
    let mut page = Page { number: 1, size: SIZE, filter: String::new() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match &*name {
            "page" => page.number = number("page", &value, u32::MAX)?,
            "per_page" => page.size = number("per_page", &value, MAX_SIZE)?,
            "filter" if value.len() > MAX_FILTER => return Err(Refusal::invalid("filter is too long")),
            "filter" => page.filter = value.into_owned(),
            _ => {}
        }
    }
    Ok(page)
}

fn number(name: &str, text: &str, most: u32) -> Result<u32, Refusal> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Refusal::invalid(format!("Bad Pagination Parameters: {name} is a number from 1 to {most}")))
}

impl Page {
    /// The value of `Link`. Clients look for the page's number right behind the first `=`.
    pub(crate) fn links(&self, path: &str, total: u64) -> String {
        let last = total.div_ceil(u64::from(self.size));
        let end = format!("<{}>; rel=\"last\"", self.at(path, last));
        match u64::from(self.number) < last {
            true => format!("<{}>; rel=\"next\", {end}", self.at(path, u64::from(self.number) + 1)),
            false => end,
        }
    }

    fn at(&self, path: &str, number: u64) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("page", &number.to_string()).append_pair("per_page", &self.size.to_string());
        if !self.filter.is_empty() {
            query.append_pair("filter", &self.filter);
        }
        format!("{path}?{}", query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_a_page() {
        let page = |number, size, filter: &str| Ok(Page { number, size, filter: filter.to_owned() });
        assert_eq!(parse(""), page(1, 50, ""));
        assert_eq!(parse("page=&per_page="), page(1, 50, ""), "as the client sends it");
        assert_eq!(parse("page=2&per_page=10&filter=ann%40"), page(2, 10, "ann@"));
        for query in ["page=0", "page=x", "page=-1", "per_page=0", "per_page=1001", "page=99999999999"] {
            assert_eq!(parse(query).expect_err(query).code, "validation_failed");
        }
    }

    #[test]
    fn links_lead_on_and_to_the_end() {
        let links = |query: &str, total| parse(query).expect("valid").links("/auth/v1/admin/users", total);
        assert_eq!(
            links("page=2&per_page=10", 31),
            "</auth/v1/admin/users?page=3&per_page=10>; rel=\"next\", </auth/v1/admin/users?page=4&per_page=10>; rel=\"last\""
        );
        assert_eq!(links("page=4&per_page=10", 31), "</auth/v1/admin/users?page=4&per_page=10>; rel=\"last\"");
        assert_eq!(links("filter=a>b", 0), "</auth/v1/admin/users?page=0&per_page=50&filter=a%3Eb>; rel=\"last\"");
    }
}
