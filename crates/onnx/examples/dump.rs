//! dump
use tract_onnx::prelude::tract_itertools::Itertools;
use tract_onnx::prelude::*;
fn main() {
    for p in std::env::args().skip(1) {
        if let Err(e) = go(&p) {
            println!("ERR {p}: {e:?}");
        }
    }
}
fn go(p: &str) -> TractResult<()> {
    println!("=== {p}");
    let mut m = tract_onnx::onnx()
        .with_ignore_output_shapes(true)
        .with_ignore_value_info(true)
        .model_for_path(p)?;
    for i in m.input_outlets()?.to_vec() {
        println!("in {} {:?}", m.node(i.node).name, m.outlet_fact(i)?);
    }
    for ix in 0..m.output_outlets()?.len() {
        m.set_output_fact(ix, InferenceFact::default())?;
    }
    let m = m.into_typed()?.into_decluttered()?;
    for n in m.eval_order()? {
        let n = &m.nodes()[n];
        let op = format!("{:?}", n.op);
        println!(
            "{} {} op={} in={:?} -> {:?}",
            n.id,
            n.name,
            &op[..op.len().min(600)],
            n.inputs,
            n.outputs
                .iter()
                .map(|o| {
                    let f = format!("{:?}", o.fact);
                    f[..f.len().min(200)].to_string()
                })
                .collect_vec()
        );
    }
    Ok(())
}
