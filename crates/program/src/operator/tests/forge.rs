//! Values for a witness that may be cut into limbs.

use super::case::Run;

/// The limbs of a witness, lowest first: the column and how many bits it holds.
fn limbs(run: &Run, what: &str) -> Vec<(usize, u32)> {
    let bits = |column: usize| {
        let interval = run.interval(column);
        (interval.hi - interval.lo + 1).ilog2()
    };
    let belongs = |name: &str| {
        let own = name.split_once('.').map_or("", |(_, own)| own);
        let limb = own
            .strip_prefix(what)
            .and_then(|rest| rest.strip_prefix('.'));
        own == what || limb.is_some_and(|limb| limb.parse::<usize>().is_ok())
    };
    let columns = run.witness().into_iter();
    columns
        .filter(|&column| belongs(&run.lowered.system.columns()[column].name))
        .map(|column| (column, bits(column)))
        .collect()
}

/// The first value of a witness.
pub(super) fn value(run: &Run, what: &str) -> i64 {
    let (mut value, mut shift) = (0, 0);
    for (column, bits) in limbs(run, what) {
        value += run.get(column) << shift;
        shift += bits;
    }
    value
}

/// Replaces the first value of a witness; the last limb gets what the others cannot hold. Nothing if the
/// relations need no such witness.
pub(super) fn force(run: &mut Run, what: &str, value: i64) {
    let limbs = limbs(run, what);
    let mut rest = value;
    for (at, &(column, bits)) in limbs.iter().enumerate() {
        if at + 1 == limbs.len() {
            run.set(column, 0, rest);
        } else {
            run.set(column, 0, rest & ((1 << bits) - 1));
            rest >>= bits;
        }
    }
}
