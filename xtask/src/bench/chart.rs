//! Bars with intervals, as SVG: readable on light and dark pages, without fonts or scripts of its own.

use std::fmt::Write as _;

use super::statistics::Estimate;

const WIDTH: f64 = 760.0;
const LABELS: f64 = 190.0;
const VALUES: f64 = 90.0;
const BAR: f64 = 13.0;
const GAP: f64 = 14.0;
const TOP: f64 = 52.0;
/// Colours that are told apart with every kind of sight (Okabe and Ito, 2008).
const COLOURS: [&str; 7] = ["#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#999999"];

/// A chart of groups of bars.
pub(crate) struct Chart<'a> {
    pub(crate) title: &'a str,
    pub(crate) unit: &'a str,
    /// Each step to the right is ten times more.
    pub(crate) logarithmic: bool,
    pub(crate) groups: Vec<Group>,
}

/// Bars that belong together.
pub(crate) struct Group {
    pub(crate) name: String,
    /// Label and value of each; the same place has the same colour in every group.
    pub(crate) bars: Vec<(String, Estimate)>,
}

impl Chart<'_> {
    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let rows: usize = self.groups.iter().map(|group| group.bars.len()).sum();
        let height = TOP + as_f64(rows) * BAR + as_f64(self.groups.len()) * (GAP + BAR);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"10\">\n\
             <style>text {{ fill: #24292f }} line {{ stroke: #24292f }} @media (prefers-color-scheme: dark) \
             {{ text {{ fill: #e6edf3 }} line {{ stroke: #e6edf3 }} }}</style>\n\
             <text x=\"8\" y=\"18\" font-size=\"14\" font-weight=\"bold\">{}</text>\n\
             <text x=\"8\" y=\"34\">{}{}; bars are medians, lines 95 % intervals</text>\n",
            escaped(self.title),
            escaped(self.unit),
            if self.logarithmic { ", logarithmic" } else { "" }
        );
        let mut y = TOP;
        for group in &self.groups {
            let _infallible = writeln!(
                text,
                "<text x=\"8\" y=\"{:.1}\" font-weight=\"bold\">{}</text>",
                y + BAR - 3.0,
                escaped(&group.name)
            );
            y += BAR;
            for (index, (label, estimate)) in group.bars.iter().enumerate() {
                self.bar(&mut text, y, COLOURS[index % COLOURS.len()], label, estimate);
                y += BAR;
            }
            y += GAP;
        }
        text.push_str("</svg>\n");
        text
    }

    fn bar(&self, text: &mut String, y: f64, colour: &str, label: &str, estimate: &Estimate) {
        let (end, low, high) = (self.x(estimate.value), self.x(estimate.low), self.x(estimate.high));
        let (top, middle, baseline) = (y + 1.5, y + BAR / 2.0, y + BAR - 3.0);
        let _infallible = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LABELS}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>\
             <line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>\
             <text x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>",
            LABELS - 6.0,
            escaped(label),
            (end - LABELS).max(0.0),
            BAR - 3.0,
            high.max(end) + 5.0,
            figures(estimate.value)
        );
    }

    /// Where a value ends.
    fn x(&self, value: f64) -> f64 {
        let values = || self.groups.iter().flat_map(|group| &group.bars).map(|(_, estimate)| estimate);
        let largest = values().map(|estimate| estimate.high).fold(f64::MIN_POSITIVE, f64::max);
        let share = if self.logarithmic {
            // From a power of ten below the smallest, so that every bar is seen.
            let smallest = values().map(|estimate| estimate.low).fold(largest, f64::min);
            let start = smallest.log10().ceil() - 1.0;
            (value.log10() - start) / (largest.log10() - start).max(f64::MIN_POSITIVE)
        } else {
            value / largest
        };
        LABELS + share.clamp(0.0, 1.0) * (WIDTH - LABELS - VALUES)
    }
}

/// A value with as many decimals as say something.
pub(crate) fn figures(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(logarithmic: bool, values: &[f64]) -> Chart<'static> {
        let bars = values.iter().map(|&value| {
            let (low, high) = (value, value);
            ("a < b".to_owned(), Estimate { value, low, high })
        });
        let groups = vec![Group {
            name: "g".to_owned(),
            bars: bars.collect(),
        }];
        Chart {
            title: "t",
            unit: "ms",
            logarithmic,
            groups,
        }
    }

    #[test]
    fn bars_are_as_long_as_their_values_say() {
        let plain = chart(false, &[10.0, 20.0]);
        assert!(((plain.x(20.0) - LABELS) / (plain.x(10.0) - LABELS) - 2.0).abs() < 1e-9);
        let logarithmic = chart(true, &[10.0, 100.0, 1000.0]);
        let step = logarithmic.x(1000.0) - logarithmic.x(100.0);
        assert!((logarithmic.x(100.0) - logarithmic.x(10.0) - step).abs() < 1e-9);
    }

    #[test]
    fn names_are_text_and_not_markup() {
        let text = chart(true, &[1.0]).svg();
        assert!(text.contains("a &lt; b") && !text.contains("a < b"));
        assert_eq!(text.matches("<rect").count(), 1);
    }
}
