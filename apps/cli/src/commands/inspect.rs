//! `vouch inspect`.

use super::prepare::sizes;
use super::{hexadecimal, load_proof, load_verifying_key, show_estimate, size};
use crate::arguments::Inspect;
use crate::outcome::{Outcome, bytes};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::collections::BTreeMap;
use vouch::program::{Dim, Program};
use vouch::{Layer, Proof, ProvingKey, VerifyingKey, Visibility};

/// Shows what a key, a proof or a seal holds.
pub fn run(arguments: &Inspect) -> Result<Outcome> {
    let path = &arguments.file;
    let mut outcome = Outcome::default();
    let kind = vouch::kind_of(path).with_context(|| format!("cannot read {}", path.display()))?;
    match kind {
        Some(vouch::FileKind::Proof) => show_proof(&mut outcome, &load_proof(path)?, size(path)?),
        Some(vouch::FileKind::ProvingKey) => {
            let key =
                ProvingKey::load(path).with_context(|| format!("cannot use {}", path.display()))?;
            show_key(&mut outcome, key.verifying_key(), arguments)?;
            if let Some(left) = key.proofs_left()? {
                outcome.line(format!("  {left} proofs can still be made"));
                outcome.more.insert("proofs_left".into(), left.into());
            }
            outcome.key_bytes.insert("proving", size(path)?);
        }
        Some(vouch::FileKind::VerifyingKey) => {
            show_key(&mut outcome, &load_verifying_key(path)?, arguments)?;
            outcome.key_bytes.insert("verifying", size(path)?);
        }
        Some(vouch::FileKind::Seal) => {
            let seal = { vouch::Seal::load(path) }
                .with_context(|| format!("cannot use {}", path.display()))?;
            let digest = hexadecimal(&seal.digest());
            outcome.line(format!("A seal with digest {digest}"));
            outcome.more.insert("seal".into(), digest.into());
        }
        found => {
            let found = match found {
                Some(_) => "the secret side of a seal",
                None => "neither",
            };
            bail!(
                "cannot inspect {}: expected a key, a proof or a seal of Vouch, found {found}",
                path.display()
            );
        }
    }
    Ok(outcome)
}

fn show_proof(outcome: &mut Outcome, proof: &Proof, size: u64) {
    outcome.line(format!("A proof of {}", bytes(size)));
    outcome.line(format!(
        "  made with the key {}",
        hexadecimal(proof.key_digest())
    ));
    for size in proof.symbols() {
        outcome.line(format!("  size of an open axis: {size}"));
    }
    let shapes: Vec<&[usize]> = proof.public_shapes().collect();
    for shape in &shapes {
        outcome.line(format!("  public tensor {shape:?}"));
    }
    let seals: Vec<String> = { proof.seals().iter() }
        .map(|seal| hexadecimal(&seal.digest()))
        .collect();
    for seal in &seals {
        outcome.line(format!("  seal {seal}"));
    }
    outcome.line("  Nothing of this is checked here: `vouch verify` tells whether the proof holds, and its values");
    outcome
        .more
        .insert("symbols".into(), json!(proof.symbols()));
    outcome.more.insert("public_shapes".into(), json!(shapes));
    outcome.more.insert("seals".into(), json!(seals));
    outcome.model = Some(hexadecimal(proof.key_digest()));
    outcome.proof_bytes = Some(size);
}

fn word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
        Visibility::Sealed => "sealed",
    }
}

/// A shape with the names of its symbols.
pub fn shape(program: &Program<Dim>, shape: &[Dim]) -> String {
    let size = |dim: &Dim| match (dim.known(), dim) {
        (Some(size), _) => size.to_string(),
        (None, Dim::Symbol(at)) => program.symbols.get(*at).cloned().unwrap_or_default(),
        (None, _) => "?".into(),
    };
    let sizes: Vec<String> = shape.iter().map(size).collect();
    format!("[{}]", sizes.join(", "))
}

fn show_key(outcome: &mut Outcome, key: &VerifyingKey, arguments: &Inspect) -> Result<()> {
    let program = key.program();
    outcome.line(format!("A key with digest {}", hexadecimal(key.digest())));
    let mut rows = vec![
        ["tensor", "what", "who sees it", "shape", "bits", "encoding"]
            .map(String::from)
            .to_vec(),
    ];
    for input in &program.inputs {
        let bits = (128
            - (i128::from(input.interval.hi) - i128::from(input.interval.lo)).leading_zeros())
        .to_string();
        rows.push(vec![
            input.name.clone(),
            "input".into(),
            word(input.visibility).into(),
            shape(program, &input.shape),
            bits,
            input.encoding.to_string(),
        ]);
    }
    for output in &program.outputs {
        let visibility = word(output.visibility).into();
        let encoding = output.encoding.to_string();
        rows.push(vec![
            output.name.clone(),
            "output".into(),
            visibility,
            String::new(),
            String::new(),
            encoding,
        ]);
    }
    outcome.table(&rows);
    let count: usize = { program.parameters.iter() }
        .map(|parameter| parameter.shape.iter().product::<usize>())
        .sum();
    let seen: Vec<&str> = program
        .parameters
        .iter()
        .map(|parameter| word(parameter.visibility))
        .collect();
    outcome.line(format!(
        "  {count} parameters in {} tensors, {}",
        seen.len(),
        seen.first().copied().unwrap_or("none")
    ));
    outcome.more.insert("parameters".into(), count.into());
    outcome.more.insert("symbols".into(), json!(key.limits()));
    outcome.model = Some(hexadecimal(key.digest()));
    show_costs(outcome, key, arguments)
}

/// The size of each open axis that was asked about, in the order of the key.
fn symbols(key: &VerifyingKey, arguments: &Inspect) -> Result<Vec<usize>> {
    let names = &key.program().symbols;
    let sizes = sizes("--typical", &arguments.typical)?;
    if let Some(name) = sizes.keys().find(|name| !names.contains(name)) {
        bail!("--typical: the key has no open axis {name:?}; expected one of {names:?}");
    }
    let size = |name| sizes.get(name).copied().unwrap_or(1);
    Ok(names.iter().map(size).collect())
}

fn show_costs(outcome: &mut Outcome, key: &VerifyingKey, arguments: &Inspect) -> Result<()> {
    let symbols = symbols(key, arguments)?;
    let layers = key.layers(&symbols)?;
    let mut operators: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for layer in &layers {
        let sum = operators.entry(layer.operator).or_default();
        let own = [1, layer.committed, layer.lookups];
        *sum = std::array::from_fn(|at| sum[at].saturating_add(own[at]));
    }
    let named = names_of(key, &symbols);
    outcome.line(format!("\nOperators of the integer program{named}"));
    let mut rows = vec![
        ["operator", "count", "integers committed", "lookups"]
            .map(String::from)
            .to_vec(),
    ];
    rows.extend(operators.iter().map(|(name, numbers)| {
        let numbers = numbers.iter().map(ToString::to_string);
        std::iter::once((*name).to_owned()).chain(numbers).collect()
    }));
    outcome.table(&rows);
    if arguments.layers {
        show_layers(outcome, &layers);
    }
    show_estimate(outcome, &key.estimate(&symbols)?);
    let bits = key.security_bits(&symbols)?;
    outcome.line(format!("\n  {bits:.1} bits of proven security"));
    if arguments.security {
        let account = key.security_account(&symbols)?;
        outcome.line(format!("\nSecurity account of a verification{named}"));
        outcome.line(&account);
        outcome
            .more
            .insert("security_account".into(), account.into());
    }
    let counts: BTreeMap<&str, usize> = { operators.iter() }
        .map(|(&name, numbers)| (name, numbers[0]))
        .collect();
    outcome.more.insert("operators".into(), json!(counts));
    outcome.security_bits = Some(bits);
    Ok(())
}

/// The sizes of open axes as part of a headline.
fn names_of(key: &VerifyingKey, symbols: &[usize]) -> String {
    let pairs: Vec<String> = { key.program().symbols.iter().zip(symbols) }
        .map(|(name, size)| format!("{name} = {size}"))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!(", for {}", pairs.join(", "))
    }
}

fn show_layers(outcome: &mut Outcome, layers: &[Layer]) {
    outcome.line("\nNodes of the integer program");
    let mut rows = vec![
        ["node", "operator", "shape", "integers committed", "lookups"]
            .map(String::from)
            .to_vec(),
    ];
    rows.extend(layers.iter().map(|layer| {
        vec![
            layer.node.clone(),
            layer.operator.to_owned(),
            format!("{:?}", layer.shape),
            layer.committed.to_string(),
            layer.lookups.to_string(),
        ]
    }));
    outcome.table(&rows);
    let layers: Vec<_> = { layers.iter() }
        .map(|layer| {
            json!({
                "node": layer.node,
                "operator": layer.operator,
                "shape": layer.shape,
                "committed": layer.committed,
                "lookups": layer.lookups,
            })
        })
        .collect();
    outcome.more.insert("layers".into(), layers.into());
}
