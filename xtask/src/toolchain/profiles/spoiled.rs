//! Profiles that are valid and wrong.

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Of another program: nothing of it is in this one.
pub(super) fn foreign(profile: &[u8]) -> Result<Vec<u8>> {
    let mut profile: Value = serde_json::from_slice(profile).context("the profile is no JSON")?;
    for kind in profile["types"].as_array_mut().context("a profile has types")? {
        let name = format!("elsewhere.{}", kind["name"].as_str().unwrap_or_default());
        kind["name"] = name.into();
    }
    Ok(profile.to_string().into_bytes())
}

pub(super) fn empty() -> Vec<u8> {
    json!({"version": "1.1.0", "types": [], "methods": []}).to_string().into_bytes()
}

/// Of this program, with every count, target, type and place exchanged by chance.
pub(super) fn mutated(profile: &[u8]) -> Result<Vec<u8>> {
    let mut profile: Value = serde_json::from_slice(profile).context("the profile is no JSON")?;
    let types = profile["types"].as_array().context("a profile has types")?.len();
    let mut chance = Chance(20_250_119);
    for (section, stride) in [
        ("callCountProfiles", 1),
        ("conditionalProfiles", 3),
        ("virtualInvokeProfiles", 2),
        ("instanceofProfiles", 2),
    ] {
        let entries = profile[section].as_array_mut().context("a profile has sections")?;
        for entry in &mut *entries {
            let records = entry["records"].as_array_mut().context("an entry has records")?;
            for record in records.chunks_exact_mut(stride) {
                if stride == 2 {
                    record[0] = chance.below(types as u64).into();
                }
                // Every other target is moved, so that some still resolve.
                if stride == 3 && chance.below(2) == 0 {
                    record[0] = chance.below(300).into();
                }
                record[stride - 1] = chance.below(1 << 40).into();
            }
        }
        for i in 0..entries.len() {
            if chance.below(2) == 0 {
                let other = usize::try_from(chance.below(entries.len() as u64)).context("an index fits")?;
                let (one, two) = (entries[i]["ctx"].clone(), entries[other]["ctx"].clone());
                entries[i]["ctx"] = two;
                entries[other]["ctx"] = one;
            }
        }
    }
    Ok(profile.to_string().into_bytes())
}

/// The same numbers in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 20) % limit
    }
}
