//! Value and bound over time, drawn.

use std::{fs, path::Path};

use anyhow::{Context, anyhow};
use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, LineSeries, PathElement, RGBColor, SVGBackend,
    SeriesLabelPosition, WHITE,
};

use crate::ratios::rosters::{compared::Compared, solve::Point};

const SIZE: (u32, u32) = (720, 400);
const FONT: &str = "sans-serif";
const OURS: RGBColor = RGBColor(31, 119, 180);
const PROVED: RGBColor = RGBColor(214, 90, 30);

/// A point of a curve: seconds, and value or bound.
type At = (f64, f64);

/// Draws the longest run of each instance into a file of `folder`.
pub(super) fn draw_all(rows: &[&Compared], folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {folder:?}"))?;
    for row in rows {
        let number = row.goal.instance;
        let svg = draw(&format!("Instance {number}"), &row.longest().trace)?;
        let file = folder.join(name(number));
        fs::write(&file, svg).with_context(|| format!("cannot write {file:?}"))?;
        println!("drawn: {}", file.display());
    }
    Ok(())
}

/// The Markdown that shows the plot on a page beside the folder `plots`.
pub(super) fn link(instance: u32) -> String {
    let name = name(instance);
    format!("![Instance {instance}: value and bound over time](plots/{name})\n")
}

fn name(instance: u32) -> String {
    format!("roster-{instance}.svg")
}

fn draw(title: &str, trace: &[Point]) -> anyhow::Result<String> {
    let mut svg = String::new();
    // The library's errors hold the drawing area, which cannot be kept.
    render(title, trace, &mut svg).map_err(|error| anyhow!("cannot draw {title}: {error}"))?;
    Ok(svg)
}

fn render(
    title: &str,
    trace: &[Point],
    svg: &mut String,
) -> Result<(), Box<dyn std::error::Error>> {
    let (low, high) = shown(trace);
    let end = trace.last().map_or(1.0, |point| point.seconds);
    let values = trace.iter().filter_map(|point| Some((point.seconds, point.value?)));
    let bounds = trace.iter().map(|point| (point.seconds, point.bound));

    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 22))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, low..high)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE.mix(0.0))
        .label_style((FONT, 15))
        .x_desc("seconds")
        .y_desc("objective")
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    let value = ("value", OURS, steps(values, high, true));
    let bound = ("bound", PROVED, steps(bounds, low, false));
    for (label, colour, curve) in [value, bound] {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(curve, style))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .label_font((FONT, 15))
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    drop(chart);
    Ok(())
}

/// The part of the axis where the end of the search shows; a first roster is often worth so much more
/// that with it nothing else would.
fn shown(trace: &[Point]) -> (f64, f64) {
    let bound = trace.last().map_or(0.0, |point| point.bound);
    let value = trace.last().and_then(|point| point.value).unwrap_or(bound);
    // Below the bound there is room for the legend.
    let room = (0.1 * value.abs().max(10.0)).max(0.25 * (value - bound));
    (bound - room, value + room)
}

/// The stairs through the points of `curve`, which falls or rises. What lies beyond `edge`, where it
/// comes from, is left out.
fn steps(curve: impl Iterator<Item = At>, edge: f64, falls: bool) -> Vec<At> {
    let beyond = |value: f64| if falls { value > edge } else { value < edge };
    let mut stairs: Vec<At> = Vec::new();
    for (seconds, value) in curve.skip_while(|(_, value)| beyond(*value)) {
        let before = stairs.last().map_or(edge, |(_, value)| *value);
        stairs.extend([(seconds, before), (seconds, value)]);
    }
    stairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Vec<Point> {
        let point = |seconds, value, bound| Point { seconds, value, bound };
        vec![
            point(0.1, None, 0.0),
            point(0.5, Some(9_000.0), 950.0),
            point(1.0, Some(1_050.0), 980.0),
            point(2.0, Some(1_000.0), 990.0),
        ]
    }

    #[test]
    fn a_curve_enters_at_the_edge_where_it_comes_into_sight_and_keeps_its_value_until_the_next() {
        let values = trace().into_iter().filter_map(|point| Some((point.seconds, point.value?)));
        let stairs = steps(values, 1_100.0, true);
        assert_eq!(stairs, [(1.0, 1_100.0), (1.0, 1_050.0), (2.0, 1_050.0), (2.0, 1_000.0)]);
        let bounds = trace().into_iter().map(|point| (point.seconds, point.bound));
        assert_eq!(steps(bounds, 890.0, false)[..2], [(0.5, 890.0), (0.5, 950.0)]);
    }

    #[test]
    fn a_plot_is_small_and_one_without_a_roster_is_drawn_too() {
        let svg = draw("Instance 8", &trace()).unwrap();
        assert!(svg.contains("Instance 8") && svg.matches("<polyline").count() >= 2, "{svg}");
        assert!(svg.len() < 50_000, "{}", svg.len());
        assert!(draw("Instance 8", &trace()[..1]).is_ok());
        assert!(draw("Instance 8", &[]).is_ok());
    }
}
