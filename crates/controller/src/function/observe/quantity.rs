//! Memory quantities in the forms that this operator writes and the apiserver makes of them.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// Whole mebibytes; other forms than powers of 1024 are none of ours.
pub(super) fn mebibytes(quantity: &Quantity) -> Option<u64> {
    let text = quantity.0.as_str();
    let scaled = |suffix: &str, factor: u64| text.strip_suffix(suffix)?.parse::<u64>().ok()?.checked_mul(factor);
    scaled("Mi", 1).or_else(|| scaled("Gi", 1024)).or_else(|| scaled("Ti", 1024 * 1024)).or_else(|| Some(scaled("Ki", 1)? / 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_apiserver_makes_of_mebibytes() {
        let of = |text: &str| mebibytes(&Quantity(text.to_owned()));
        assert_eq!((of("512Mi"), of("6Gi"), of("1Ti"), of("1536Ki")), (Some(512), Some(6144), Some(1 << 20), Some(1)));
        assert_eq!((of("1G"), of("x"), of("")), (None, None, None));
    }
}
