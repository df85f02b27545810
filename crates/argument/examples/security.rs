//! Prints the security account for statements of `2^12`, `2^14`, .., `2^30` committed values.
//!
//! One line per size, then the whole table for the sizes named as arguments (default: 24):
//!
//! ```text
//! cargo run --release -p argument --example security -- 14 24 30
//! ```
//!
//! The sizes of a statement are what a compiler derives from a model; here they are plausible
//! ones: every value is in one range lookup, and the layout is square up to `2^20` coefficients.

use std::collections::BTreeSet;
use std::error::Error;

use argument::opening::{Code, GroupShape, OpeningShape, inner, whir_parameters};
use argument::parameters::Others;
use argument::profile::{Goldilocks2, Goldilocks3, Profile};
use argument::security::{
    Account, Extension, Grinding, MAX_GRINDING, REQUIRED_BITS, Sizes, TERM_BITS, Whir, account,
    choose, queries_for,
};

/// `log2` of one over the rate of the commitments.
const LOG_INV_RATE: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let mut detailed: BTreeSet<usize> = std::env::args()
        .skip(1)
        .map(|size| size.parse())
        .collect::<Result<_, _>>()?;
    if detailed.is_empty() {
        detailed.insert(24);
    }
    println!("values  rows x length  field      queries  lookup work  without work  with work");
    let mut tables = Vec::new();
    for log_values in (12..=30).step_by(2) {
        let chosen = statement(log_values)?;
        let account = account(&chosen);
        line(log_values, &chosen, &account);
        if detailed.contains(&log_values) {
            tables.push((log_values, account));
        }
    }
    for (log_values, account) in tables {
        println!("\n2^{log_values} committed values\n\n{account}");
    }
    Ok(())
}

/// Prints one statement of the overview.
fn line(log_values: usize, sizes: &Sizes, account: &Account) {
    println!(
        "{:<6}  {:>4} x {:<6}  {:<9}  {:>7}  {:>11}  {:>12.1}  {:>9.1}",
        format!("2^{log_values}"),
        sizes.rows,
        format!("2^{}", sizes.log_len),
        format!("{:?}", sizes.extension).to_lowercase(),
        sizes.queries,
        sizes.grinding.lookup,
        account.total_bits_without_work(),
        account.total_bits(),
    );
}

/// Plausible sizes of a statement, and the parameters chosen for them.
fn statement(log_values: usize) -> Result<Sizes, Box<dyn Error>> {
    let queries = queries_for(LOG_INV_RATE, TERM_BITS - MAX_GRINDING).ok_or("no distance")?;
    let log_len = (log_values / 2 + 5).clamp(8, 20);
    // Each polynomial keeps one random coefficient per position; masks take a few rows more.
    let rows = (1_usize << log_values).div_ceil((1 << log_len) - queries) + 8;
    // A fraction per value, and at least a table of 2^16 entries.
    let log_fractions = (log_values + 1).max(17);
    let claim_rounds = log_len + rows.next_power_of_two().ilog2() as usize;
    let (point_variables, products) = (log_values, 40 * log_values);
    let product_rounds = log_values / 2 + 8;
    // Each message of a sumcheck is masked: three elements a round in the fraction tree.
    let equations = 2 * log_fractions * log_fractions + 3 * (product_rounds + claim_rounds);
    let sizes = Sizes {
        extension: Extension::Quadratic,
        log_fractions,
        // Half of the fractions are rows and entries of ranges, half of functions.
        lookup_degree: 3 << (log_fractions - 1),
        point_variables,
        products,
        product_rounds,
        claims: 4 * products,
        claim_rounds,
        equations,
        slots: 4 * log_fractions + products,
        log_len,
        log_inv_rate: LOG_INV_RATE,
        rows,
        queries,
        grinding: Grinding {
            lookup: 0,
            query: MAX_GRINDING,
        },
        whir: Whir::default(),
        others: Others::default(),
    };
    Ok(choose(
        &sizes,
        REQUIRED_BITS,
        |extension, bits| match extension {
            Extension::Quadratic => whir::<Goldilocks2>(&sizes, bits),
            Extension::Cubic => whir::<Goldilocks3>(&sizes, bits),
        },
    )?)
}

/// The schedule of the WHIR proof about the combination of the rows.
fn whir<P: Profile>(sizes: &Sizes, bits: u32) -> Option<Whir> {
    let code = Code::new(sizes.log_len, LOG_INV_RATE).ok()?;
    let groups = vec![GroupShape {
        rows: sizes.rows,
        own: 0,
        hidden: 0,
    }];
    let bits = usize::try_from(bits).ok()?;
    let whir = whir_parameters::<P>(sizes.log_len, bits, MAX_GRINDING);
    let shape = OpeningShape::new::<P>(code, sizes.queries, groups, MAX_GRINDING, whir);
    inner::<P>(&shape.ok()?).ok()
}
