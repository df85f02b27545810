use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use p3_blake3::Blake3;
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_dft::Radix2DFTSmallBatch;
use p3_field::extension::BinomialExtensionField;
use p3_goldilocks::Goldilocks;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_security::logup::{LogUpAir, fingerprint_error};
use p3_security::shape::InstanceShape;
use p3_sumcheck::layout::PrefixProver;
use p3_sumcheck::{OpeningBatch, OpeningProtocol, PrescribedPointPcs, TableShape, TableSpec};
use p3_symmetric::{CompressionFunctionFromHasher, SerializingHasher};
use p3_whir::{FoldingFactor, ProtocolParameters, SecurityAssumption, WhirConfig, WhirProver};

use super::*;
use crate::parameters::Others;

type F = Goldilocks;
type E = BinomialExtensionField<F, 2>;
type Challenger = SerializingChallenger64<F, HashChallenger<u8, Blake3, 32>>;

/// A schedule of three rounds whose terms are all near 105 bits.
fn whir() -> Whir {
    let fold = |variables, log_inv_rate| Fold {
        variables,
        log_inv_rate,
        rounds: 4,
        work_bits: 8,
    };
    let round = |queries, fold| Round {
        queries,
        work_bits: 16,
        fold,
    };
    Whir {
        claims: 262,
        fold: fold(18, 2),
        rounds: vec![round(132, fold(14, 5)), round(95, fold(10, 8))],
        final_queries: 90,
        final_query_work: 16,
        final_rounds: 6,
        final_work: 0,
    }
}

/// A statement of about `2^24` committed values.
fn sizes() -> Sizes {
    Sizes {
        extension: Extension::Quadratic,
        log_fractions: 24,
        lookup_degree: 2 << 24,
        point_variables: 24,
        products: 500,
        product_rounds: 20,
        claims: 2000,
        claim_rounds: 24,
        equations: 1500,
        slots: 300,
        log_len: 17,
        log_inv_rate: 2,
        rows: 150,
        queries: 132,
        grinding: Grinding {
            lookup: 8,
            query: 16,
        },
        whir: whir(),
        others: Others {
            count: 0,
            bits: 100,
        },
    }
}

fn bits(account: &Account, name: &str) -> f64 {
    account
        .terms
        .iter()
        .find(|term| term.name == name)
        .expect("the term is listed")
        .bits()
}

#[test]
fn the_field_is_not_overstated() {
    let p = 18_446_744_069_414_584_321.0_f64;
    for extension in [Extension::Quadratic, Extension::Cubic] {
        let exact = real(extension.degree()) * libm::log2(p);
        assert!(extension.log_size() < exact && exact < extension.log_size() + 1e-8);
    }
}

#[test]
fn counts_become_the_same_real_numbers() {
    for count in [0, 1, 3, 1 << 20, (1 << 32) - 1, 1 << 32, (1 << 52) + 1] {
        assert_eq!(real(count).to_string(), format!("{count}"));
    }
    assert!(real(usize::MAX) >= 4_294_967_295.0);
}

#[test]
fn the_queries_are_those_of_the_design() {
    for (log_inv_rate, without, with) in [(1, 241, 203), (2, 148, 124), (3, 121, 102)] {
        assert_eq!(queries_for(log_inv_rate, 100), Some(without));
        assert_eq!(queries_for(log_inv_rate, 100 - MAX_GRINDING), Some(with));
        assert!(terms::positions(log_inv_rate, without) >= 100.0);
        assert!(terms::positions(log_inv_rate, without - 1) < 100.0);
    }
    assert_eq!(queries_for(0, 100), None, "rate one has no distance");
}

#[test]
fn the_lookup_challenges_have_the_bits_of_the_design() {
    // The design counts the identity of the table apart from the width, and rounds |E| down to
    // 127 bits; both bounds are proven, ours is the sharper one.
    for (log_fractions, values, design) in [(24, 2, 101.0), (28, 3, 97.0)] {
        let shape = InstanceShape {
            log_trace_length: log_fractions,
            modulus_bits: 127,
            collision_resistance: 128,
            num_batched_functions: 1,
        };
        let air = LogUpAir {
            num_interactions: 1,
            max_message_width: values,
        };
        let theirs = fingerprint_error(&air, &shape).bits();
        assert!((theirs - design).abs() < 0.5);

        let degree = values << log_fractions;
        let (poles, zeros) = terms::lookup_roots(log_fractions, degree);
        let ours = Extension::Quadratic.log_size() - libm::log2(poles + zeros);
        assert!(
            theirs < ours && ours < theirs + 1.5,
            "{ours} against {theirs}"
        );
        // The same leaves in whole bits of |E|, as the design counts them.
        assert!((ours - 1.0 - design).abs() < 1.0);
    }
}

#[test]
fn the_terms_of_a_known_statement_are_golden() {
    let account = account(&sizes());
    let expected = [
        ("lookup: pole", 128.0 - 24.0 + 8.0),
        ("lookup: false identity", 128.0 - 25.0 + 8.0),
        ("lookup: layers", 128.0 - 876.0_f64.log2()),
        ("products: point", 128.0 - 24.0_f64.log2()),
        ("products: batching", 128.0 - 500.0_f64.log2()),
        ("products: sumcheck", 128.0 - 60.0_f64.log2()),
        ("claims: batching", 128.0 - 2000.0_f64.log2()),
        ("claims: sumcheck", 128.0 - 48.0_f64.log2()),
        ("masks: batching", 128.0 - 1500.0_f64.log2()),
        ("masks: positions", 132.0 * (16.0 / 9.0_f64).log2() + 16.0),
        ("opening: masked claim", 128.0),
        (
            "opening: combination of rows",
            128.0 - 19.0 - 9.0_f64.log2(),
        ),
        ("opening: positions", 132.0 * 1.6_f64.log2() + 16.0),
        ("whir: batching", 128.0 - 262.0_f64.log2()),
        ("whir: folding 0", 128.0 - 22.0 + 8.0),
        ("whir: positions 1", 132.0 * 1.6_f64.log2() + 16.0),
        ("whir: combination 1", 128.0 - 264.0_f64.log2()),
        ("whir: folding 1", 128.0 - 21.0 + 8.0),
        (
            "whir: positions 2",
            95.0 * (2.0 / (1.0 + 1.0 / 32.0_f64)).log2() + 16.0,
        ),
        ("whir: combination 2", 128.0 - 190.0_f64.log2()),
        ("whir: folding 2", 128.0 - 20.0 + 8.0),
        (
            "whir: last positions",
            90.0 * (2.0 / (1.0 + 1.0 / 256.0_f64)).log2() + 16.0,
        ),
        ("whir: last sumcheck", 128.0 - 12.0_f64.log2()),
        ("hash: collision", 128.0),
    ];
    let names: Vec<_> = account
        .terms
        .iter()
        .map(|term| term.name.as_ref())
        .collect();
    assert_eq!(names, expected.map(|(name, _)| name));
    for (name, expected) in expected {
        let found = bits(&account, name);
        assert!(
            (found - expected).abs() < 1e-4,
            "{name}: {found} instead of {expected}"
        );
    }
}

#[test]
fn products_of_masks_cost_bits() {
    let mut sizes = sizes();
    sizes.slots = 0;
    let found = bits(&account(&sizes), "masks: positions");
    assert!((found - (132.0 * (8.0 / 3.0_f64).log2() + 16.0)).abs() < 1e-4);
    sizes.slots = 1;
    let found = bits(&account(&sizes), "masks: positions");
    assert!((found - (132.0 * (16.0 / 9.0_f64).log2() + 16.0)).abs() < 1e-4);
}

#[test]
fn the_total_is_the_sum_of_the_terms() {
    let account = account(&sizes());
    let probability: f64 = account.terms.iter().map(|term| (-term.bits()).exp2()).sum();
    assert!((account.total_bits() + probability.log2()).abs() < 1e-9);
    let without: f64 = account
        .terms
        .iter()
        .map(|term| (-term.bits_without_work).exp2())
        .sum();
    assert!((account.total_bits_without_work() + without.log2()).abs() < 1e-9);
    assert!(account.total_bits() < account.weakest(1)[0].bits());

    let term = || Term::new("one of sixteen", 104.0, 0, "");
    let sixteen = Account {
        terms: (0..16).map(|_| term()).collect(),
        hiding: vec![],
    };
    assert!((sixteen.total_bits() - 100.0).abs() < 1e-9);
}

#[test]
fn other_arguments_are_part_of_the_sum() {
    let alone = account(&sizes()).total_bits();
    let mut sizes = sizes();
    sizes.others = Others {
        count: 3,
        bits: 102,
    };
    let together = (-alone).exp2() + 3.0 * (-102f64).exp2();
    assert!((account(&sizes).total_bits() + together.log2()).abs() < 1e-9);
}

/// A named change of the sizes.
type Change = (&'static str, fn(&mut Sizes, usize));

/// Every size, and how to set it.
const SIZES: [Change; 21] = [
    ("others.count", |s, n| {
        s.others.count = u32::try_from(n).unwrap_or(u32::MAX);
    }),
    ("log_fractions", |s, n| s.log_fractions = n),
    ("lookup_degree", |s, n| s.lookup_degree = n),
    ("point_variables", |s, n| s.point_variables = n),
    ("products", |s, n| s.products = n),
    ("product_rounds", |s, n| s.product_rounds = n),
    ("claims", |s, n| s.claims = n),
    ("claim_rounds", |s, n| s.claim_rounds = n),
    ("equations", |s, n| s.equations = n),
    ("log_len", |s, n| s.log_len = n),
    ("rows", |s, n| s.rows = n),
    ("whir.claims", |s, n| s.whir.claims = n),
    ("whir.fold.variables", |s, n| s.whir.fold.variables = n),
    ("whir.fold.rounds", |s, n| s.whir.fold.rounds = n),
    ("whir.final_rounds", |s, n| s.whir.final_rounds = n),
    // From here on a larger size does not always cost bits.
    ("log_inv_rate", |s, n| s.log_inv_rate = n),
    ("queries", |s, n| s.queries = n),
    ("grinding.lookup", |s, n| s.grinding.lookup = n),
    ("grinding.query", |s, n| s.grinding.query = n),
    ("whir.final_queries", |s, n| s.whir.final_queries = n),
    ("whir.fold.work_bits", |s, n| s.whir.fold.work_bits = n),
];

#[test]
fn a_larger_statement_never_has_more_bits() {
    for (name, set) in &SIZES[..15] {
        let mut last = f64::INFINITY;
        for size in [
            0,
            1,
            2,
            3,
            7,
            16,
            25,
            40,
            60,
            63,
            64,
            1000,
            1 << 20,
            1 << 40,
            usize::MAX,
        ] {
            let mut sizes = sizes();
            set(&mut sizes, size);
            let total = account(&sizes).total_bits();
            assert!(total <= last, "{name} = {size}: {total} bits after {last}");
            last = total;
        }
        let mut none = sizes();
        set(&mut none, 0);
        assert!(
            last < account(&none).total_bits() - 1e-3,
            "{name} is not accounted for"
        );
    }
}

#[test]
fn more_positions_and_more_work_never_cost_bits() {
    for (name, set) in &SIZES[16..] {
        let mut last = 0.0;
        for size in [0, 1, 4, 12, 16, 100, 1000] {
            let mut sizes = sizes();
            set(&mut sizes, size);
            let total = account(&sizes).total_bits();
            assert!(total >= last, "{name} = {size}: {total} bits after {last}");
            last = total;
        }
    }
}

#[test]
fn extreme_sizes_have_an_account_too() {
    let extremes = [0, 1, 2, 62, 63, 64, 1 << 31, usize::MAX];
    let check = |sizes: &Sizes, what: &str| {
        let account = account(sizes);
        for term in account.terms.iter().chain(&account.hiding) {
            assert!(
                term.bits().is_finite() && term.bits() >= 0.0,
                "{what}: {term:?}"
            );
        }
        for total in [account.total_bits(), account.total_bits_without_work()] {
            assert!(total <= 128.0 && !total.is_nan(), "{what}: {total}");
        }
        assert!(!account.hiding_bits().is_nan());
        assert!(account.to_string().lines().count() > account.terms.len());
    };
    for size in extremes {
        let mut all = sizes();
        for (name, set) in SIZES {
            set(&mut all, size);
            let mut one = sizes();
            set(&mut one, size);
            check(&one, name);
        }
        for extension in [Extension::Quadratic, Extension::Cubic] {
            check(
                &Sizes {
                    extension,
                    ..all.clone()
                },
                "all",
            );
        }
    }
}

#[test]
fn an_empty_statement_has_only_an_opening() {
    let mut sizes = sizes();
    for (_, set) in &SIZES[..9] {
        set(&mut sizes, 0);
    }
    let account = account(&sizes);
    for term in &account.terms {
        let step = term.name.split(':').next();
        assert!(
            matches!(step, Some("opening" | "whir" | "hash")),
            "{}",
            term.name
        );
    }
    assert_eq!(account.hiding.len(), 1);
}

#[test]
fn work_counts_for_the_next_challenge_only() {
    let differences = |set: fn(&mut Sizes)| -> Vec<_> {
        let (mut none, mut some) = (sizes(), sizes());
        none.grinding = Grinding::default();
        some.grinding = Grinding::default();
        set(&mut some);
        let (none, some) = (account(&none), account(&some));
        let pairs = none.terms.into_iter().zip(some.terms);
        let changed = pairs.filter(|(none, some)| none != some);
        changed
            .map(|(none, some)| (none.name.clone(), some.bits() - none.bits()))
            .collect()
    };
    assert_eq!(
        differences(|sizes| sizes.grinding.lookup = 10),
        [
            ("lookup: pole".into(), 10.0),
            ("lookup: false identity".into(), 10.0)
        ]
    );
    // Thirty bits of work are credited as sixteen.
    assert_eq!(
        differences(|sizes| sizes.grinding.query = 30),
        [
            ("masks: positions".into(), 16.0),
            ("opening: positions".into(), 16.0)
        ]
    );
    let account = account(&sizes());
    for term in account
        .terms
        .iter()
        .filter(|term| term.name.starts_with("whir: combination"))
    {
        assert_eq!(term.work_bits, 0);
    }
}

/// The weakest term of a statement, and the change of the sizes that makes it so.
type Shortfall = (&'static str, fn(&mut Sizes));

#[test]
fn a_statement_below_the_required_bits_is_refused_by_name() {
    let accepted = account(&sizes());
    assert_eq!(accepted.require(REQUIRED_BITS), Ok(()));
    assert_eq!(accepted.require(0), Ok(()));

    // Each way to fall short, and the term that has to be named for it.
    let short: [Shortfall; 8] = [
        ("lookup: pole", |s| s.log_fractions = 36),
        ("lookup: false identity", |s| s.lookup_degree = 1 << 38),
        ("products: batching", |s| s.products = 1 << 29),
        ("claims: batching", |s| s.claims = 1 << 29),
        ("masks: positions", |s| s.log_inv_rate = 1),
        ("opening: positions", |s| s.queries = 100),
        ("opening: combination of rows", |s| s.log_len = 26),
        ("whir: last positions", |s| s.whir.final_queries = 80),
    ];
    for (name, change) in short {
        let mut sizes = sizes();
        change(&mut sizes);
        let account = account(&sizes);
        let refused = account.require(REQUIRED_BITS).expect_err("it falls short");
        assert_eq!(refused.required, REQUIRED_BITS);
        assert!((refused.found - account.total_bits()).abs() < 1e-12);
        assert_eq!(refused.weakest[0].name, name);
        let message = refused.to_string();
        assert!(
            message.starts_with("expected 100 bits of security, found "),
            "{message}"
        );
        assert!(
            message.contains(&format!("weakest terms: {name} (")),
            "{message}"
        );
    }
}

#[test]
fn the_lookup_is_ground_as_little_as_possible() {
    let grinding = |log_fractions, width: usize| {
        lookup_grinding(
            Extension::Quadratic,
            log_fractions,
            width << log_fractions,
            104,
        )
    };
    // 2^24 leaves of degree 2 have 128 - 24 - log2(1 + 2) = 102.4 bits.
    assert_eq!(grinding(24, 2), Some(2));
    assert_eq!(grinding(10, 2), Some(0));
    assert_eq!(grinding(38, 2), Some(16));
    assert_eq!(grinding(39, 2), None);
    assert_eq!(grinding(62, 0), Some(0), "no lookups need no work");
    assert_eq!(lookup_grinding(Extension::Cubic, 62, 1 << 63, 104), Some(0));
    assert_eq!(
        lookup_grinding(Extension::Cubic, 64, 3, 104),
        None,
        "counts would wrap"
    );
}

/// A Plonky3 schedule in the quadratic field.
fn config(variables: usize, bits: usize) -> Option<WhirConfig<E, F, Challenger>> {
    let parameters = ProtocolParameters {
        starting_log_inv_rate: 2,
        round_log_inv_rates: vec![],
        folding_factor: FoldingFactor::Constant(4),
        soundness_type: SecurityAssumption::UniqueDecoding,
        security_level: bits,
        pow_bits: MAX_GRINDING,
    };
    WhirConfig::new(variables, parameters).ok()
}

/// The same schedule for both fields: what the cubic one spares only helps.
fn schedule(_: Extension, bits: u32) -> Option<Whir> {
    config(18, usize::try_from(bits).ok()?).map(|config| Whir::of(&config, 266))
}

#[test]
fn the_cheapest_parameters_that_suffice_are_chosen() {
    let chosen = choose(&sizes(), REQUIRED_BITS, schedule).expect("2^24 values fit");
    assert_eq!(chosen.extension, Extension::Quadratic);
    assert!(chosen.grinding.lookup <= 4);
    assert_eq!(
        (chosen.queries, chosen.rows),
        (sizes().queries, sizes().rows)
    );
    assert_eq!(account(&chosen).require(REQUIRED_BITS), Ok(()));

    let large = Sizes {
        log_fractions: 44,
        ..sizes()
    };
    let chosen = choose(&large, REQUIRED_BITS, schedule).expect("the cubic field is large enough");
    assert_eq!(chosen.extension, Extension::Cubic);
    assert_eq!(account(&chosen).require(REQUIRED_BITS), Ok(()));
}

#[test]
fn a_statement_that_no_choice_saves_is_refused() {
    let few = Sizes {
        queries: 100,
        ..sizes()
    };
    let refused = choose(&few, REQUIRED_BITS, schedule).expect_err("positions are short");
    assert_eq!(refused.weakest[0].name, "opening: positions");
    assert!(refused.found > 80.0 && refused.found < 100.0);

    let refused = choose(&sizes(), REQUIRED_BITS, |_, _| None).expect_err("there is no schedule");
    assert_eq!(refused.weakest[0].name, "whir: no schedule");

    let refused = choose(&sizes(), u32::MAX, schedule).expect_err("no proof has so many bits");
    assert_eq!(refused.required, u32::MAX);
}

#[test]
fn the_inner_proof_is_charged_what_plonky3_charges() {
    type Hash = SerializingHasher<Blake3>;
    type Compress = CompressionFunctionFromHasher<Blake3, 2, 32>;
    type Mmcs = MerkleTreeMmcs<F, u8, Hash, Compress, 2, 32>;
    type Pcs = WhirProver<E, F, Radix2DFTSmallBatch<F>, Mmcs, Challenger, PrefixProver<F, E>>;

    for log_len in [9, 12, 17, 20] {
        let config = config(log_len + 1, 104).expect("the schedule exists");
        let points = 133;
        let whir = Whir::of(&config, 2 * points);
        let mut terms = vec![];
        whir.terms(Extension::Quadratic, &mut terms);
        let ours = Account {
            terms,
            hiding: vec![],
        }
        .total_bits();

        let mmcs = Mmcs::new(Hash::new(Blake3), Compress::new(Blake3), 0);
        let pcs = Pcs::new(config, Radix2DFTSmallBatch::default(), mmcs);
        let batches = (0..points)
            .map(|_| OpeningBatch::new(vec![0, 1], vec![]))
            .collect();
        let shape = TableShape::new(log_len, 2);
        let protocol = OpeningProtocol::new(vec![TableSpec::new(shape, batches)]);
        let theirs = pcs.prescribed_security(&protocol).expect("the shape fits");
        let theirs = theirs.error().bits();
        // Plonky3 rounds |E| down to 127 bits.
        assert!(
            theirs <= ours && ours < theirs + 1.0,
            "2^{log_len}: {ours} against {theirs}"
        );
    }
}

#[test]
fn the_foldings_of_whir_have_the_bits_of_the_design() {
    // The design folds six variables at a time and rounds |E| down to 127 bits.
    for (log_codeword, design) in [(21, 102.5), (25, 98.4)] {
        let fold = |index: usize| Fold {
            variables: log_codeword - 2 - 6 * index,
            log_inv_rate: 2 + 5 * index,
            rounds: 6,
            work_bits: 0,
        };
        let round = |index| Round {
            queries: 1000,
            work_bits: 0,
            fold: fold(index),
        };
        let whir = Whir {
            fold: fold(0),
            rounds: (1..3).map(round).collect(),
            final_queries: 1000,
            ..Whir::default()
        };
        let mut terms = vec![];
        whir.terms(Extension::Quadratic, &mut terms);
        let found = Account {
            terms,
            hiding: vec![],
        }
        .total_bits();
        assert!((found - 1.0 - design).abs() < 0.3, "{found}");
    }
}

#[test]
fn the_table_is_aligned_and_complete() {
    let account = account(&sizes());
    let table = account.to_string();
    let rows: Vec<_> = table.lines().take(account.terms.len() + 2).collect();
    let column = rows[0].find("bits").map(|start| start + 4);
    for (row, term) in rows[1..].iter().zip(&account.terms) {
        assert!(row.starts_with(term.name.as_ref()));
        assert_eq!(row.find('.').map(|point| point + 2), column, "{row}");
    }
    assert!(rows[account.terms.len() + 1].starts_with("sum"));
    for term in &account.hiding {
        assert!(table.contains(term.name.as_ref()));
    }
}

#[test]
fn the_book_explains_every_term() {
    let book = include_str!("../../../../book/src/security.md");
    let account = account(&sizes());
    for term in account.terms.iter().chain(&account.hiding) {
        // The rounds of WHIR are numbered in the table and explained once.
        let kind = term
            .name
            .trim_end_matches(|c: char| c == ' ' || c.is_ascii_digit());
        let kind = kind.trim_start_matches("whir: last ");
        assert!(
            book.matches(kind).count() >= 2,
            "{kind} is in the table but not explained"
        );
    }
}

#[test]
fn an_account_can_be_read_by_programs() {
    let account = account(&sizes());
    let json = serde_json::to_value(&account).expect("an account is plain data");
    assert_eq!(json["total_bits"].as_f64(), Some(account.total_bits()));
    assert_eq!(
        json["terms"].as_array().map(Vec::len),
        Some(account.terms.len())
    );
    assert_eq!(json["terms"][0]["name"], "lookup: pole");
    assert_eq!(json["terms"][0]["work_bits"], 8);
    assert_eq!(json["hiding"].as_array().map(Vec::len), Some(3));
}
