//! Functions of one variable.

use super::case::{Case, Run};
use super::linear::{contract, fact};
use crate::Visibility::{Private, Public};
use crate::error::OperatorError;
use crate::formula::{self, Formula, Instruction, Table};
use crate::operator::{Function, Operate};
use relation::{Interval, Tensor};

/// A table of integers, without fraction bits.
fn table(function: formula::Function, lo: i64, hi: i64, values: (i64, i64)) -> Table {
    Table {
        formula: Formula::of(function),
        argument_bits: 0,
        value_bits: 0,
        arguments: Interval::new(lo, hi),
        values: Interval::new(values.0, values.1),
    }
}

fn square(shift: u32, (lo, hi): (i64, i64), (below, above): (i64, i64)) -> Function {
    Function {
        shift,
        table: table(formula::Function::Square, lo, hi, (0, 15)),
        below,
        above,
    }
}

fn sigmoid() -> Function {
    Function {
        shift: 5,
        table: Table {
            formula: Formula::of(formula::Function::Sigmoid),
            argument_bits: 4,
            value_bits: 8,
            arguments: Interval::new(-96, 95),
            values: Interval::new(0, 255),
        },
        below: 0,
        above: 0,
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let double = Function {
        table: table(formula::Function::Negate, -2, 2, (-2, 2)),
        ..square(0, (0, 0), (0, 0))
    };
    vec![
        Case::new(
            "tiny function",
            square(0, (-4, 3), (0, 0)),
            &[(&[1], -4, 3)],
        ),
        Case::new(
            "tiny rounding function",
            square(1, (-2, 2), (0, 0)),
            &[(&[1], -4, 3)],
        ),
        Case::new(
            "tiny function with two lines",
            square(0, (-1, 1), (-3, 2)),
            &[(&[1], -3, 3)],
        ),
        Case::new(
            "tiny function with a line above",
            square(0, (-2, 1), (7, 2)),
            &[(&[1], -2, 4)],
        ),
        Case::new(
            "tiny function with a line below",
            square(1, (-1, 4), (5, 7)),
            &[(&[1], -5, 6)],
        ),
        Case::new(
            "tiny function of two arguments",
            square(0, (2, 3), (1, -1)),
            &[(&[1], 0, 5)],
        ),
        Case::new(
            "tiny function left of the table",
            square(0, (5, 7), (1, -1)),
            &[(&[1], 0, 3)],
        ),
        Case::new("functions", double, &[(&[2], -2, 2)]),
        Case::new("one entry", square(0, (3, 3), (1, 1)), &[(&[2], 3, 3)]),
        Case::new("sigmoid", sigmoid(), &[(&[2, 3], -10_000, 20_000)]),
        Case::new(
            "sigmoid of a product",
            contract(2, &[0, 2], &[2, 1]),
            &[(&[2, 3], -40, 40), (&[3, 2], -40, 40)],
        )
        .then(sigmoid(), &[(2, 0)]),
        Case::new(
            "steep lines",
            square(3, (-8, 8), (-(1 << 20), 1 << 20)),
            &[(&[], -(1 << 30), 1 << 30)],
        ),
    ]
}

fn run(function: Function, value: i64) -> Run {
    let case = Case::new("function", function, &[(&[1], -8, 7)]);
    case.run(
        Public,
        Private,
        &[Tensor::from_i64s(vec![1], vec![value]).expect("a tensor")],
    )
}

#[test]
fn a_function_goes_on_along_its_lines() {
    let value = |x| run(square(0, (-2, 3), (-4, 6)), x).outputs[0].get(0);
    let expected = [(-2, 4), (-3, 8), (-8, 28), (0, 0), (3, 9), (4, 15), (7, 33)];
    for (x, y) in expected {
        assert_eq!(value(x), y, "f({x})");
    }
}

#[test]
fn an_excess_inside_of_the_table_is_refused() {
    for (value, argument, over, under) in [
        // One less, and one over; one more, and one under; both, at an end.
        (2, 1, 1, 0),
        (2, 3, 0, 1),
        (3, 3, 1, 1),
        (-2, -2, 1, 1),
        // All of the value as excess of the wrong end.
        (3, -2, 5, 0),
        (-2, 3, 0, 5),
        // Beyond an end, the argument does not follow.
        (5, 2, 3, 0),
        (5, -2, 7, 0),
        (5, 3, 3, 1),
        (-5, -1, 0, 4),
        // An excess that is not positive.
        (2, 3, -1, 0),
        (-1, -2, 0, -1),
    ] {
        let mut run = run(square(0, (-2, 3), (-4, 6)), value);
        assert!(run.accepted());
        let names = ["argument", "excess", "above", "value"];
        let [q, excess, above, y] = names.map(|name| run.column(name));
        for (column, forged) in [
            (q, argument),
            (excess, over + under),
            (above, over),
            (y, argument * argument),
        ] {
            run.set(column, 0, forged);
        }
        assert_eq!(argument + over - under, value);
        assert!(!run.accepted(), "{value} as {argument} + {over} - {under}");
    }
}

#[test]
fn a_row_that_is_none_of_the_table_is_refused() {
    // The row (0, 0) is what padding would look like; the table starts at 2.
    let mut padding = run(square(0, (2, 3), (1, 1)), 0);
    let names = ["argument", "value", "excess"];
    let [argument, value, excess] = names.map(|name| padding.column(name));
    assert!(padding.accepted());
    padding.set(argument, 0, 0);
    padding.set(value, 0, 0);
    padding.set(excess, 0, 0);
    assert!(!padding.accepted());
}

#[test]
fn a_row_of_another_function_is_refused() {
    let negate = Function {
        table: table(formula::Function::Negate, -4, 3, (-4, 4)),
        ..square(0, (0, 0), (0, 0))
    };
    let case = Case::new("square", square(0, (-4, 3), (0, 0)), &[(&[1], -4, 3)]);
    let case = case.then(negate, &[(0, 0)]);
    let values = Tensor::from_i64s(vec![1], vec![-3]).expect("a tensor");
    let mut run = case.run(Public, Private, &[values]);
    assert!(run.accepted());
    let (squared, negated) = (run.column("Function0.value"), run.column("Function1.value"));
    assert_eq!((run.get(squared), run.get(negated)), (9, 3));
    run.set(squared, 0, 3);
    assert!(!run.accepted());
    run.set(squared, 0, 9);
    run.set(negated, 0, 4);
    assert!(!run.accepted());
}

#[test]
fn functions_that_are_not_well_formed_are_refused() {
    let x = fact(&[2], -8, 8);
    let refused = |function: Function, name: &str| {
        let result = function.infer(&[&x]);
        let Err(OperatorError::Attribute { name: found, .. }) = result else {
            panic!("{name}: {result:?}")
        };
        assert_eq!(found, name);
    };
    refused(square(49, (0, 1), (0, 0)), "shift");
    refused(square(0, (0, 1), (0, i64::MIN)), "slope");
    refused(square(0, (0, 1), (i64::MIN, 0)), "slope");
    refused(square(0, (0, 1 << 16), (0, 0)), "arguments");
    refused(square(0, (1, 0), (0, 0)), "arguments");
    refused(square(0, (i64::MIN, i64::MIN + 1), (0, 0)), "arguments");
    // With one argument, an excess could hide in the other.
    refused(square(0, (3, 3), (0, 0)), "arguments");
    let mut malformed = square(0, (0, 1), (0, 0));
    malformed.table.formula.instructions.push(Instruction::Add);
    refused(malformed, "formula");
    let far = fact(&[2], -(1 << 61) + 1, 0);
    let overflow = square(0, (0, 1), (1, 1)).infer(&[&far]);
    assert!(
        matches!(overflow, Err(OperatorError::Overflow { .. })),
        "{overflow:?}"
    );
    let inputs = square(0, (0, 1), (0, 0)).infer(&[&x, &x]);
    assert!(matches!(inputs, Err(OperatorError::Inputs { .. })));
}
