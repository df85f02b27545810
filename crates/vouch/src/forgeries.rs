//! Keys that are made to deceive: whoever makes a key chooses its program, and must not gain a second reading of it.

use crate::content::{Content, KeyError};
use crate::seal::{Seal, Setting};
use crate::verifying::VerifyingKey;
use crate::{Array, Arrays, Options, ProvingKey};
use argument::parameters::Others;
use program::operator::Sum;
use program::{
    Dim, Encoding, Input, Node, Operator, Output, Program, ProgramError, ValueId, Visibility,
};
use relation::Interval;

const PUBLIC: Visibility = Visibility::Public;

/// `x - y` of two numbers that the verifier sees.
fn difference() -> Program<Dim> {
    let id = |node| ValueId { node, output: 0 };
    let node = |name: &str, operator, inputs| Node {
        name: name.into(),
        operator,
        inputs,
    };
    let input = |name: &str| Input {
        name: name.into(),
        shape: vec![Dim::Known(1)],
        interval: Interval::new(0, 15),
        encoding: Encoding::Fixed(0),
        visibility: PUBLIC,
    };
    let sum = Sum {
        coefficients: vec![1, -1],
        constant: 0,
    };
    Program {
        symbols: Vec::new(),
        inputs: vec![input("x"), input("y")],
        parameters: Vec::new(),
        nodes: vec![
            node("x", Operator::Input(0), Vec::new()),
            node("y", Operator::Input(1), Vec::new()),
            node("difference", Operator::Sum(sum), vec![id(0), id(1)]),
        ],
        outputs: vec![Output {
            name: "d".into(),
            value: id(2),
            encoding: Encoding::Fixed(0),
            visibility: PUBLIC,
        }],
    }
}

/// The content of an honest key, with another program.
fn content(program: Program<Dim>) -> (ProvingKey, Content) {
    let key = ProvingKey::generate(difference(), Vec::new(), &Options::default());
    let key = key.expect("a key");
    let content = Content {
        program,
        ..key.verifying_key().content.clone()
    };
    (key, content)
}

#[test]
fn an_input_with_two_nodes_has_one_value_or_no_proof() {
    // x - x is zero, unless the two nodes of x are two tensors.
    let mut program = difference();
    program.inputs.truncate(1);
    program.nodes[1].operator = Operator::Input(0);
    let (honest, content) = content(program);
    let forged = VerifyingKey::new(content, None);
    let Err(error) = forged.bind(&[]) else {
        // What a cheating prover would do: the relations of x - y, in the context of this key.
        let one = |value| Array::new([1], [value]);
        let inputs: Arrays = [("x".into(), one(5.0)), ("y".into(), one(3.0))].into();
        let mut body = honest.prove(&inputs).expect("a proof").proof.body;
        let bound = forged.bind(&[]).expect("relations");
        let mut assignment = relation::Assignment {
            columns: vec![relation::Tensor::scalar(0); bound.lowered.system.columns().len()],
            statement: body.publics.clone(),
        };
        let proof = bound.backend.prove(&mut assignment, Vec::new());
        body.argument = proof.expect("a proof");
        let key = *forged.digest();
        let proof = crate::Proof { key, body };
        let accepted = forged.verify(&proof, &crate::Expected::default());
        panic!("two values for one input: {accepted:?}");
    };
    let twice = |error: &ProgramError| matches!(error, ProgramError::Twice { .. });
    assert!(matches!(error, KeyError::Program(error) if twice(&error)));
}

#[test]
fn names_that_hide_one_another_are_refused() {
    let changes: [fn(&mut Program<Dim>); 2] = [
        |program| program.inputs[1].name = "x".into(),
        |program| program.outputs.push(program.outputs[0].clone()),
    ];
    for change in changes {
        let mut program = difference();
        change(&mut program);
        let (_, content) = content(program);
        let bound = VerifyingKey::new(content, None).bind(&[]);
        assert!(matches!(bound, Err(KeyError::Program(_))));
    }
    let mut program = difference();
    program.symbols = vec!["n".into(), "n".into()];
    let (_, mut sizes) = content(program);
    sizes.limits = vec![2, 2];
    assert!(sizes.check().is_err());
    sizes.program.symbols[1] = "m".into();
    assert!(sizes.check().is_ok());
    // Seals are told apart by name alone, whether of inputs or of outputs.
    let mut program = difference();
    program.outputs[0].name = "x".into();
    program.outputs[0].visibility = Visibility::Sealed;
    let (_, mut seals) = content(program);
    seals.parameters.others = Others {
        count: 1,
        bits: 102,
    };
    assert!(seals.check().is_ok());
    seals.program.inputs[0].visibility = Visibility::Sealed;
    assert!(seals.check().is_err());
}

#[test]
fn a_scale_that_makes_numbers_vanish_is_refused() {
    for bits in [-256, 256, 257, -257, i32::MAX, i32::MIN] {
        let mut program = difference();
        program.outputs[0].encoding = Encoding::Fixed(bits);
        let is_fine = (-256..=256).contains(&bits);
        assert_eq!(content(program).1.check().is_ok(), is_fine, "{bits}");
    }
}

#[test]
fn a_verification_has_the_bits_of_all_its_arguments_together() {
    let (_, open) = content(difference());
    let mut sealed = open.clone();
    sealed.program.inputs[0].visibility = Visibility::Sealed;
    sealed.program.inputs[1].visibility = Visibility::Sealed;
    let three = |bits| Others { count: 2, bits };
    assert!(open.check().is_ok());
    let chosen = crate::generate::choose(&sealed.program, &Options::default());
    sealed.parameters = chosen.expect("a choice").parameters;
    assert_eq!(sealed.parameters.others, three(102));
    assert!(sealed.check().is_ok());
    let total = |sealed: &Content| {
        let bound = sealed.bind(&[], &[0; 32]).expect("relations");
        bound.backend.facts().security_bits
    };
    assert!((100.0..101.0).contains(&total(&sealed)));
    for count in [0, 1, 3] {
        sealed.parameters.others.count = count;
        assert!(sealed.check().is_err(), "{count} certificates");
    }
    // What the certificates lose is lost, whatever the proof has.
    sealed.parameters.others = three(101);
    assert!(sealed.check().is_err());
    let bound = sealed.bind(&[], &[0; 32]);
    assert!(matches!(bound, Err(KeyError::Describe(_))));
    // A certificate has the bits that the proof counts on.
    sealed.parameters.others = three(110);
    let setting = Setting::of(&sealed);
    assert!(setting.parameters.security_bits == 110);
}

/// Where a sealed column lies follows from these, so one root can hold two tensors, each of which one key certifies.
#[test]
fn one_commitment_is_not_one_seal_for_keys_that_read_it_in_other_places() {
    let mut program = difference();
    program.inputs[0].visibility = Visibility::Sealed;
    let chosen = crate::generate::choose(&program, &Options::default());
    let own = chosen.expect("a choice");
    let digest = |content: &Content| {
        let bound = content.bind(&[], &[0; 32]).expect("relations");
        let (_, sort) = bound.sealed().remove(0);
        let seal = Seal {
            sort,
            commitment: vec![7; 32],
            certificate: Vec::new(),
        };
        seal.digest()
    };
    assert_eq!(digest(&own), digest(&own.clone()));
    let changes: [fn(&mut Content); 3] = [
        |content| content.parameters.sealed_proofs -= 1,
        |content| content.parameters.log_len = content.parameters.log_len.map(|len| len + 1),
        |content| content.parameters.log_inv_rate += 1,
    ];
    for change in changes {
        let mut other = own.clone();
        change(&mut other);
        assert_ne!(digest(&own), digest(&other));
    }
}

#[test]
fn a_key_that_asks_little_of_its_certificates_is_refused() {
    let mut program = difference();
    program.inputs[0].visibility = Visibility::Sealed;
    let chosen = crate::generate::choose(&program, &Options::default());
    let mut content = chosen.expect("a choice");
    assert!(content.check().is_ok());
    for bits in [0, 5, 100, 101] {
        content.parameters.others.bits = bits;
        assert_eq!(content.check().is_ok(), bits > 100, "{bits}");
    }
}
