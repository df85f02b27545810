//! Einsums without a list of axes for the result, for which tract takes the axes that occur once.

use super::{Surroundings, set_word, word};
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, NodeProto};

/// The einsum with the axes of its result; of one without axes, with one axis, and the sum along it.
pub fn restate(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    let equation = word(node, "equation").ok_or("there is no equation")?;
    let equation: String = { equation.chars() }
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let (inputs, output) = match equation.split_once("->") {
        Some((inputs, output)) => (inputs, output.to_owned()),
        None => (&*equation, implied(&equation)),
    };
    if inputs.contains("...") && !output.contains("...") {
        return Err("axes of the inputs that the result does not have; name them".into());
    }
    // An axis to keep: numbers without axes have none, and no sum.
    let kept = { inputs.chars() }.find(char::is_ascii_alphabetic);
    let Some(kept) = kept.filter(|_| output.is_empty()) else {
        let equation = format!("{inputs}->{output}");
        set_word(node, "equation", &equation);
        return Ok(None);
    };
    let equation = format!("{inputs}->{kept}");
    set_word(node, "equation", &equation);
    let name = node.output.first_mut().ok_or("there is no result")?;
    let whole = name.clone();
    *name = format!("{whole} along {kept:?}");
    Ok(Some(NodeProto {
        op_type: "ReduceSum".into(),
        name: format!("{whole} whole"),
        input: vec![name.clone()],
        output: vec![whole],
        attribute: vec![AttributeProto {
            name: "keepdims".into(),
            r#type: AttributeType::Int.into(),
            i: 0,
            ..Default::default()
        }],
        ..Default::default()
    }))
}

/// The axes that occur once, by the alphabet, behind those that have no letter.
fn implied(inputs: &str) -> String {
    let mut letters: Vec<char> = { inputs.chars() }
        .filter(char::is_ascii_alphabetic)
        .filter(|letter| inputs.matches(*letter).count() == 1)
        .collect();
    letters.sort_unstable();
    let other = if inputs.contains("...") { "..." } else { "" };
    letters.into_iter().fold(other.to_owned(), |mut all, one| {
        all.push(one);
        all
    })
}
