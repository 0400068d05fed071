//! "Did you mean": the name most like another, by the pieces of it that they share and the edits between them, as PostgREST
//! finds it. It deliberately compares few names, so that a mistyped one costs little in a schema of thousands.

use std::collections::HashMap;

/// How many names are compared at most.
const COMPARED: usize = 500;

/// Postgres cuts names at 63 bytes: a longer one is no slip of the finger.
const LONGEST: usize = 200;

/// The names like `text`, the best first, with how alike they are: 1 is the same.
pub(crate) fn similar(names: &[String], text: &str, least: f64) -> Vec<(f64, String)> {
    let wanted = text.to_lowercase();
    if text.len() > LONGEST {
        return Vec::new();
    }
    if let Some(same) = names.iter().find(|name| name.to_lowercase() == wanted) {
        return vec![(1.0, same.clone())];
    }
    let found = [3, 2].into_iter().map(|size| by_pieces(names, &wanted, size, least));
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// The best of them.
pub(crate) fn nearest(names: &[String], text: &str, least: f64) -> Option<String> {
    similar(names, text, least).into_iter().next().map(|(_, name)| name)
}

fn by_pieces(names: &[String], wanted: &str, size: usize, least: f64) -> Vec<(f64, String)> {
    let pieces_of_it = pieces(wanted, size);
    let score = |name: &String| cosine(&pieces_of_it, &pieces(&name.to_lowercase(), size));
    let scored = names.iter().take(COMPARED).map(|name| (score(name), name));
    let mut found: Vec<_> = scored.filter(|(score, _)| *score > 0.0).collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    found.truncate(50);
    let edited = found.into_iter().map(|(_, name)| (likeness(wanted, &name.to_lowercase()), name.clone()));
    let mut found: Vec<_> = edited.filter(|(score, _)| *score >= least).collect();
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    found
}

/// How often each piece of this many letters is in it.
fn pieces(text: &str, size: usize) -> HashMap<String, f64> {
    let letters = text.chars().filter(|next| next.is_ascii_alphanumeric() || matches!(next, ',' | ' ' | 'À'..='ÿ'));
    let mut letters: Vec<char> = std::iter::once('-').chain(letters).chain(std::iter::once('-')).collect();
    letters.resize(letters.len().max(size), '-');
    let mut pieces = HashMap::new();
    for piece in letters.windows(size) {
        *pieces.entry(piece.iter().collect()).or_insert(0.0) += 1.0;
    }
    pieces
}

fn cosine(left: &HashMap<String, f64>, right: &HashMap<String, f64>) -> f64 {
    let product: f64 = left.iter().filter_map(|(piece, count)| Some(count * right.get(piece)?)).sum();
    let length = |pieces: &HashMap<String, f64>| pieces.values().map(|count| count * count).sum::<f64>().sqrt();
    product / (length(left) * length(right))
}

/// 1 less the share of letters that have to be edited.
fn likeness(left: &str, right: &str) -> f64 {
    let (left, right): (Vec<_>, Vec<_>) = (left.chars().collect(), right.chars().collect());
    let longest = left.len().max(right.len()).max(1);
    1.0 - distance(&left, &right) as f64 / longest as f64
}

/// Levenshtein's distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, from) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (place, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_most_like_it() {
        let names = ["orders", "order_items", "projects", "(name, param, val)", "(attr, id)"].map(str::to_owned);
        let table = [
            ("order", 0.75, Some("orders")),
            ("orderss", 0.75, Some("orders")),
            ("order_itmes", 0.75, Some("order_items")),
            ("projxxxx", 0.75, None),
            ("Projects", 0.75, Some("projects")),
            ("(nam, pqaram, vall)", 0.33, Some("(name, param, val)")),
            ("(id)", 0.33, Some("(attr, id)")),
            ("(noclosealternative)", 0.33, None),
            ("", 0.33, None),
        ];
        for (text, least, expected) in table {
            assert_eq!(nearest(&names, text, least).as_deref(), expected, "{text}");
        }
        assert_eq!(nearest(&names, &"x".repeat(10_000), 0.1), None);
    }
}
