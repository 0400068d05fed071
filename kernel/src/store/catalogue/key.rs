//! Keys as views show them: a view that shows all columns of a table's key has that key too. It knows no JSON and no
//! names of relations.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::draft::Constraint;
use super::tree::Target;

/// A view can show a column many times; each way to choose is a key, and somebody's view must not make millions.
const MOST_WAYS: usize = 16;

/// A foreign key, maybe through views.
pub(super) struct Key<'a> {
    pub(super) constraint: &'a Constraint,
    pub(super) of: u32,
    pub(super) target: u32,
    pub(super) columns: Vec<String>,
    pub(super) target_columns: Vec<String>,
}

impl<'a> Key<'a> {
    pub(super) fn new(constraint: &'a Constraint) -> Self {
        let (columns, target_columns) = (constraint.columns.clone(), constraint.target_columns.clone());
        Self { constraint, of: constraint.of, target: constraint.target, columns, target_columns }
    }
}

/// What views have.
pub(super) struct Derived<'a> {
    pub(super) primary: BTreeMap<u32, Vec<String>>,
    pub(super) foreign: Vec<Key<'a>>,
}

type Columns<'a> = HashMap<u32, &'a HashMap<u32, String>>;

/// By relation, the views that show columns of it, and by which names each.
type Shown = HashMap<u32, BTreeMap<u32, HashMap<String, Vec<String>>>>;

pub(super) fn derive<'a>(
    constraints: &'a [Constraint],
    views: &[(u32, Vec<Target>)],
    columns: &Columns<'_>,
) -> Derived<'a> {
    let shown = shown(views, columns);
    let mut derived = Derived { primary: BTreeMap::new(), foreign: Vec::new() };
    for constraint in constraints {
        match constraint.kind.as_str() {
            "p" => {
                for (view, ways) in through(&shown, constraint.of, &constraint.columns) {
                    let columns = derived.primary.entry(view).or_default();
                    columns.extend(ways.into_iter().next().unwrap_or_default());
                }
            }
            "f" => foreign(&mut derived.foreign, &shown, constraint),
            _ => {}
        }
    }
    derived
}

/// From views to the table, from the table to views, and from views to views.
fn foreign<'a>(keys: &mut Vec<Key<'a>>, shown: &Shown, constraint: &'a Constraint) {
    let here = through(shown, constraint.of, &constraint.columns);
    let there = through(shown, constraint.target, &constraint.target_columns);
    let table = |oid: u32, columns: &[String]| vec![(oid, vec![columns.to_vec()])];
    let (plain, target) =
        (table(constraint.of, &constraint.columns), table(constraint.target, &constraint.target_columns));
    for (from, to) in [(&here, &target), (&plain, &there), (&here, &there)] {
        for (of, columns) in each(from) {
            keys.extend(each(to).map(|(target, target_columns)| Key {
                constraint,
                of,
                target,
                columns: columns.clone(),
                target_columns: target_columns.clone(),
            }));
        }
    }
}

fn each(sides: &[(u32, Vec<Vec<String>>)]) -> impl Iterator<Item = (u32, &Vec<String>)> {
    sides.iter().flat_map(|(oid, ways)| ways.iter().map(move |columns| (*oid, columns)))
}

/// The views that show all of these columns of a relation, and the ways to name them there.
fn through(shown: &Shown, of: u32, columns: &[String]) -> Vec<(u32, Vec<Vec<String>>)> {
    let views = shown.get(&of).into_iter().flatten();
    views.filter_map(|(view, names)| Some((*view, ways(names, columns)?))).collect()
}

fn ways(names: &HashMap<String, Vec<String>>, columns: &[String]) -> Option<Vec<Vec<String>>> {
    let mut ways = vec![Vec::new()];
    for column in columns {
        let choices = names.get(column)?;
        let longer = |way: &Vec<String>| {
            choices.iter().map(|choice| [way.as_slice(), std::slice::from_ref(choice)].concat()).collect::<Vec<_>>()
        };
        ways = ways.iter().flat_map(longer).take(MOST_WAYS).collect();
    }
    Some(ways)
}

fn shown(views: &[(u32, Vec<Target>)], columns: &Columns<'_>) -> Shown {
    let targets: HashMap<u32, &[Target]> = views.iter().map(|(view, targets)| (*view, targets.as_slice())).collect();
    let name = |relation: u32, number: u32| columns.get(&relation).and_then(|names| names.get(&number)).cloned();
    let mut shown = Shown::new();
    for (view, own) in views {
        for &target in own {
            let Some(here) = name(*view, target.column) else { continue };
            for (relation, number) in origins(&targets, target) {
                let Some(there) = name(relation, number) else { continue };
                shown
                    .entry(relation)
                    .or_default()
                    .entry(*view)
                    .or_default()
                    .entry(there)
                    .or_default()
                    .push(here.clone());
            }
        }
    }
    shown
}

/// Where a view's column comes from: through views of views, to the end. Recursive views would go round.
fn origins(views: &HashMap<u32, &[Target]>, target: Target) -> Vec<(u32, u32)> {
    let (mut found, mut next, mut seen) = (Vec::new(), vec![(target.relation, target.origin)], HashSet::new());
    while let Some((relation, number)) = next.pop() {
        if !seen.insert((relation, number)) {
            continue;
        }
        found.push((relation, number));
        let beneath = views.get(&relation).into_iter().flat_map(|targets| targets.iter());
        next.extend(beneath.filter(|below| below.column == number).map(|below| (below.relation, below.origin)));
    }
    found
}
