//! Programs from keys that no quantiser makes.

use program::formula::{self, Formula, Table};
use program::operator::{
    AtLeastZero, Clamp, Divide, Function, Rescale, Select, Split, SquareRoot, Staircase, Step, View,
};
use program::{
    Encoding, Input, Interval, Lowered, Node, Operator, OperatorError, Output, Parameter, Program,
    ProgramError, ValueId, Visibility,
};
use relation::SystemError;

const BYTE: Interval = Interval::new(0, 255);

fn input(name: &str, shape: &[usize], interval: Interval) -> Input<usize> {
    Input {
        name: name.into(),
        shape: shape.to_vec(),
        interval,
        encoding: Encoding::Fixed(0),
        visibility: Visibility::Private,
    }
}

/// Inputs, and operators on values before them, by number; nothing comes out.
fn program(inputs: Vec<Input<usize>>, nodes: Vec<(Operator<usize>, Vec<usize>)>) -> Program<usize> {
    let sources = (0..inputs.len()).map(|at| (Operator::Input(at), Vec::new()));
    let node = |(at, (operator, inputs)): (usize, (Operator<usize>, Vec<usize>))| Node {
        name: format!("node {at}"),
        operator,
        inputs: { inputs.into_iter() }
            .map(|node| ValueId { node, output: 0 })
            .collect(),
    };
    Program {
        symbols: Vec::new(),
        nodes: sources.chain(nodes).enumerate().map(node).collect(),
        inputs,
        parameters: Vec::new(),
        outputs: Vec::new(),
    }
}

/// Why a node is refused, and which.
fn refused(program: &Program<usize>) -> (String, OperatorError) {
    match Lowered::new(program) {
        Ok(_) => panic!("expected a node that is refused"),
        Err(ProgramError::Operator { node, reason }) => (node, reason),
        Err(error) => panic!("expected a node that is refused, found {error}"),
    }
}

#[test]
fn an_input_whose_interval_is_inverted_is_refused_whatever_reads_it() {
    let divide = || Operator::from(Divide { interval: None });
    for (operator, inputs, bad, lo, hi) in [
        (divide(), vec![BYTE, Interval::new(1, 0)], "node 1", 1, 0),
        (divide(), vec![Interval::new(5, -5), BYTE], "node 0", 5, -5),
        (
            SquareRoot.into(),
            vec![Interval::new(0, -1)],
            "node 0",
            0,
            -1,
        ),
        (
            AtLeastZero.into(),
            vec![Interval::new(1, -2)],
            "node 0",
            1,
            -2,
        ),
    ] {
        let all = (0..inputs.len()).collect();
        let inputs = { inputs.into_iter().enumerate() }
            .map(|(at, interval)| input(&at.to_string(), &[1], interval))
            .collect();
        let (node, reason) = refused(&program(inputs, vec![(operator, all)]));
        assert_eq!(node, bad);
        let interval = Interval::new(lo, hi).into();
        assert_eq!(reason, OperatorError::Inverted { interval });
    }
}

#[test]
fn a_parameter_whose_interval_is_inverted_is_refused() {
    for visibility in [Visibility::Public, Visibility::Private, Visibility::Sealed] {
        let mut program = program(
            Vec::new(),
            vec![
                (Operator::Parameter(0), Vec::new()),
                (SquareRoot.into(), vec![0]),
            ],
        );
        program.parameters.push(Parameter {
            name: "w".into(),
            shape: vec![1],
            interval: Interval::new(0, -1),
            visibility,
            value: None,
        });
        let (node, reason) = refused(&program);
        assert_eq!(node, "node 0");
        assert!(matches!(reason, OperatorError::Inverted { .. }));
    }
}

#[test]
fn attributes_that_are_inverted_intervals_are_refused() {
    let inverted = Interval::new(7, 3);
    let table = |arguments, values| {
        let formula = Formula::of(formula::Function::Tanh);
        Operator::from(Function {
            shift: 0,
            table: Table {
                formula,
                argument_bits: 0,
                value_bits: 0,
                arguments,
                values,
            },
            below: 0,
            above: 0,
        })
    };
    let (shift, interval) = (1, Some(inverted));
    let clamp = |to, interval| {
        Operator::from(Clamp {
            shift,
            to,
            interval,
        })
    };
    for (operator, attribute) in [
        (Rescale { shift, interval }.into(), "interval"),
        (Split { shift, interval }.into(), "interval"),
        (clamp(BYTE, interval), "interval"),
        (clamp(inverted, None), "to"),
        (table(inverted, BYTE), "arguments"),
        (table(BYTE, inverted), "values"),
    ] {
        let program = program(vec![input("x", &[1], BYTE)], vec![(operator, vec![0])]);
        let (_, reason) = refused(&program);
        let named = matches!(reason, OperatorError::Attribute { name, .. } if name == attribute);
        assert!(named, "{attribute}: {reason}");
    }
    let divide = (Divide { interval }.into(), vec![0, 1]);
    let operands = vec![
        input("n", &[1], BYTE),
        input("d", &[1], Interval::new(1, 3)),
    ];
    let (_, reason) = refused(&program(operands, vec![divide]));
    assert!(matches!(reason, OperatorError::Attribute { .. }));
    let staircase = Staircase {
        axis: None,
        lowest: 0,
        arguments: inverted,
    };
    let operands = vec![
        input("x", &[1], BYTE),
        input("first", &[1], BYTE),
        input("steps", &[1, 2], BYTE),
    ];
    // Nothing that there is lies in it.
    let (_, reason) = refused(&program(operands, vec![(staircase.into(), vec![0, 1, 2])]));
    assert!(matches!(reason, OperatorError::Interval { .. }));
}

/// Selections between sums that each take many steps to bound: windows over a few values of many.
fn selections(count: usize) -> Program<usize> {
    let steps = vec![
        Step::Slice {
            axis: 0,
            start: 0,
            len: 4,
            step: 1,
        },
        Step::Pad {
            axis: 0,
            before: 1,
            after: 1,
        },
        Step::Window {
            axis: 0,
            count: 4,
            size: 3,
            stride: 1,
            dilation: 1,
        },
        Step::Sum(1),
    ];
    let view = Operator::View(View { steps });
    let inputs = vec![
        input("x", &[1 << 25], Interval::new(0, 1)),
        input("c", &[4], Interval::new(0, 1)),
    ];
    let mut nodes = vec![(view, vec![0])];
    nodes.extend((0..count).map(|_| (Select.into(), vec![1, 2, 2])));
    program(inputs, nodes)
}

#[test]
fn the_bounds_that_nodes_ask_for_share_one_budget() {
    assert!(Lowered::new(&selections(1)).is_ok());
    // Two bounds each, of which there are less than ten; where it was spent is where it ends.
    let (node, reason) = refused(&selections(1000));
    assert_eq!(reason, OperatorError::System(SystemError::Effort));
    let at: usize = node.trim_start_matches("node ").parse().expect("a number");
    assert!((4..9).contains(&at), "refused at {node}");
}

/// Draws what an outside party may choose: ends of intervals, among them all that are near a bound.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        usize::try_from(drawn).expect("24 bits") % n
    }

    fn end(&mut self) -> i64 {
        let power = 1i64 << self.below(63);
        let ends = [
            0,
            1,
            -1,
            2,
            -2,
            power,
            -power,
            power - 1,
            1 - power,
            i64::MIN,
            i64::MAX,
        ];
        ends[self.below(11)]
    }

    fn interval(&mut self) -> Interval {
        let end = (1i64 << self.below(40)) - 1;
        match self.below(4) {
            0 => Interval::new(0, end),
            1 => Interval::new(-end - 1, end),
            _ => Interval::new(self.end(), self.end()),
        }
    }

    fn known(&mut self) -> Option<Interval> {
        (self.below(2) == 0).then(|| self.interval())
    }

    fn shift(&mut self) -> u32 {
        [0, 1, 8, 47, 48, 49, u32::MAX][self.below(7)]
    }

    fn operator(&mut self) -> (Operator<usize>, Vec<usize>) {
        let (shift, interval) = (self.shift(), self.known());
        match self.below(6) {
            0 => (Divide { interval }.into(), vec![0, 1]),
            1 => (SquareRoot.into(), vec![0]),
            2 => (Rescale { shift, interval }.into(), vec![0]),
            3 => (Split { shift, interval }.into(), vec![0]),
            4 => (AtLeastZero.into(), vec![0]),
            _ => {
                let to = self.interval();
                (
                    Clamp {
                        shift,
                        to,
                        interval,
                    }
                    .into(),
                    vec![0],
                )
            }
        }
    }
}

#[test]
fn no_interval_makes_lowering_panic() {
    let mut draw = Draw(4711);
    let mut accepted = 0;
    for _ in 0..4000 {
        let inputs = ["a", "b"].map(|name| input(name, &[2], draw.interval()));
        let (operator, inputs_of) = draw.operator();
        let mut program = program(inputs.to_vec(), vec![(operator, inputs_of)]);
        program.outputs.push(Output {
            name: "y".into(),
            value: ValueId { node: 2, output: 0 },
            encoding: Encoding::Fixed(0),
            visibility: Visibility::Public,
        });
        accepted += usize::from(Lowered::new(&program).is_ok());
    }
    assert!(accepted > 100, "{accepted} of 4000 programs were lowered");
}
