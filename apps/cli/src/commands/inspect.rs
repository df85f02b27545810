//! `vouch inspect`.

use super::{hexadecimal, load_proof, load_verifying_key, size};
use crate::arguments::Inspect;
use crate::outcome::{Outcome, bytes};
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::collections::BTreeMap;
use vouch::program::{Dim, Program};
use vouch::{Proof, ProvingKey, VerifyingKey, Visibility};

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
            show_key(&mut outcome, key.verifying_key(), arguments.security)?;
            if let Some(left) = key.proofs_left()? {
                outcome.line(format!("  {left} proofs can still be made"));
                outcome.more.insert("proofs_left".into(), left.into());
            }
            outcome.key_bytes.insert("proving", size(path)?);
        }
        Some(vouch::FileKind::VerifyingKey) => {
            show_key(&mut outcome, &load_verifying_key(path)?, arguments.security)?;
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

fn show_key(outcome: &mut Outcome, key: &VerifyingKey, security: bool) -> Result<()> {
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
    let mut operators: BTreeMap<&str, usize> = BTreeMap::new();
    for node in &program.nodes {
        *operators.entry(node.operator.name()).or_default() += 1;
    }
    outcome.line("\nOperators of the integer program");
    let mut rows = vec![["operator", "count"].map(String::from).to_vec()];
    rows.extend(
        operators
            .iter()
            .map(|(name, count)| vec![(*name).to_owned(), count.to_string()]),
    );
    outcome.table(&rows);
    let symbols = vec![1; program.symbols.len()];
    let bits = key.security_bits(&symbols)?;
    outcome.line(format!("\n  {bits:.1} bits of proven security"));
    if security {
        let account = key.security_account(&symbols)?;
        outcome.line("\nSecurity account of a proof (every symbol 1)");
        outcome.line(&account);
        outcome
            .more
            .insert("security_account".into(), account.into());
    }
    outcome.more.insert("parameters".into(), count.into());
    outcome.more.insert("operators".into(), json!(operators));
    outcome.more.insert("symbols".into(), json!(key.limits()));
    outcome.security_bits = Some(bits);
    outcome.model = Some(hexadecimal(key.digest()));
    Ok(())
}
