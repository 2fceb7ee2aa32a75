use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::super::answers::Node;
use super::*;

fn node(path: &str) -> Node {
    serde_json::from_value(json!({
        "path": path, "status": "running", "generation": 1, "restarts": 0, "since_ms": 0,
        "waiting": 0, "capacity": 1,
    }))
    .unwrap()
}

/// A tree in which each actor but the first hangs below one before it.
fn forest(parents: &[prop::sample::Index]) -> Forest {
    let mut paths = vec!["root".to_owned()];
    for (index, parent) in parents.iter().enumerate() {
        let path = format!("{}/n{index}", parent.get(&paths));
        paths.push(path);
    }
    Forest::of(paths.iter().map(|path| node(path)).collect())
}

/// Who has a row of its own, and how many rows there are.
fn shown(forest: &Forest, folding: &Folding) -> (Vec<usize>, usize) {
    let mut waiting = forest.roots().to_vec();
    let (mut shown, mut rows) = (Vec::new(), 0);
    while let Some(index) = waiting.pop() {
        shown.push(index);
        rows += 1;
        let children = &forest.tree(index).children;
        match folding.fold(index) {
            Fold::Closed => {}
            Fold::Open => waiting.extend(children),
            Fold::Partly => {
                rows += 1;
                waiting.extend(children.iter().filter(|child| folding.is_held(**child)));
            }
        }
    }
    (shown, rows)
}

proptest! {
    #[test]
    fn whatever_has_to_be_seen_is_and_nothing_more_than_there_is_room_for(
        parents in vec(any::<prop::sample::Index>(), 0..60),
        noteworthy in vec(any::<prop::sample::Index>(), 0..6),
        rows in 0_usize..70,
    ) {
        let forest = forest(&parents);
        let noteworthy: Vec<_> = noteworthy.iter().map(|one| one.index(forest.len())).collect();
        let fold = |rows| Folding::to_fit(&forest, rows, |index| noteworthy.contains(&index));
        let (least, most) = (shown(&forest, &fold(0)).1, forest.len());
        let (seen, used) = shown(&forest, &fold(rows));
        for index in &noteworthy {
            prop_assert!(seen.contains(index));
        }
        prop_assert!(used <= rows.max(least), "{used} rows for {rows}, at least {least}");
        prop_assert!(rows < most || used == most, "there was room for all of it");
        // Whoever is seen is seen below its parent.
        for index in &seen {
            prop_assert!(forest.tree(*index).parent.is_none_or(|parent| seen.contains(&parent)));
        }
    }
}
