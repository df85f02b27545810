//! Leaves out what no output needs.

use program::{Dim, Operator, Program, Tensor, ValueId};

/// The program without nodes and parameters that no output depends on; inputs stay.
pub fn prune(mut program: Program<Dim>, parameters: Vec<Tensor>) -> (Program<Dim>, Vec<Tensor>) {
    let mut used: Vec<bool> = { program.nodes.iter() }
        .map(|node| matches!(node.operator, Operator::Input(_)))
        .collect();
    for output in &program.outputs {
        used[output.value.node] = true;
    }
    for (at, node) in program.nodes.iter().enumerate().rev() {
        if used[at] {
            for input in &node.inputs {
                used[input.node] = true;
            }
        }
    }
    let mut nodes = Vec::new();
    let mut places = vec![0; used.len()];
    let mut declared = Vec::new();
    let mut values = Vec::new();
    for (at, mut node) in program.nodes.into_iter().enumerate() {
        if !used[at] {
            continue;
        }
        if let Operator::Parameter(parameter) = &mut node.operator {
            declared.push(program.parameters[*parameter].clone());
            values.push(parameters[*parameter].clone());
            *parameter = declared.len() - 1;
        }
        for input in &mut node.inputs {
            input.node = places[input.node];
        }
        places[at] = nodes.len();
        nodes.push(node);
    }
    program.nodes = nodes;
    program.parameters = declared;
    for output in &mut program.outputs {
        let ValueId {
            node,
            output: which,
        } = output.value;
        output.value = ValueId {
            node: places[node],
            output: which,
        };
    }
    (program, values)
}
