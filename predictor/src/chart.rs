//! Lines over days, as SVG. Pure.

use std::fmt::Write;

use maud::{Markup, html};
use proto::query::Day;

/// The drawing's size, and the room for labels within it, in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 24.0;

/// Lines of the grid, about, and dates below it.
const GRID_LINES: f64 = 4.0;
const DATES: usize = 5;

/// Values over the days of a chart; none where there is none.
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// A chart of lines over the same days, which are since 1970-01-01. The scale begins at zero, or below where values do.
pub(crate) fn chart(title: &str, days: &[i32], lines: &[Line]) -> Markup {
    let values = || lines.iter().flat_map(|line| line.values.iter().flatten());
    let highest = values().copied().fold(0.0, f64::max);
    let lowest = values().copied().fold(0.0, f64::min);
    let step = step(highest - lowest);
    let low = (lowest / step).floor() * step;
    let high = ((highest / step).ceil() * step).max(low + step);
    let x = |place: usize| {
        let last = (days.len().max(2) - 1) as f64;
        LEFT + (WIDTH - LEFT - RIGHT) * place as f64 / last
    };
    let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
    let grid = (0..).map(|line| low + step * f64::from(line));
    let grid: Vec<f64> = grid
        .take_while(|value| *value <= high + step / 2.0)
        .collect();
    html! {
        figure {
            figcaption {
                b { (title) }
                @for (number, line) in lines.iter().enumerate() {
                    span class={ "key line" (number) } { (line.label) }
                }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
                @for value in grid {
                    line class="grid" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(round(y(value))) y2=(round(y(value))) {}
                    text x=(LEFT - 6.0) y=(round(y(value) + 4.0)) text-anchor="end" { (short(value)) }
                }
                @for date in 0..DATES.min(days.len()) {
                    @let place = date * (days.len() - 1) / (DATES.min(days.len()).max(2) - 1);
                    text x=(round(x(place))) y=(HEIGHT - 6.0) text-anchor=(anchor(date)) {
                        (Day { since_epoch: days[place] })
                    }
                }
                @for (number, line) in lines.iter().enumerate() {
                    path class={ "line" (number) } d=(path(&line.values, x, y)) {}
                }
            }
        }
    }
}

/// The dates at the ends stay within the drawing.
fn anchor(date: usize) -> &'static str {
    match date {
        0 => "start",
        date if date + 1 == DATES => "end",
        _ => "middle",
    }
}

/// A line through the values; it breaks where there is none.
fn path(values: &[Option<f64>], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let command = if is_drawing { 'L' } else { 'M' };
        write!(path, "{command}{:.1} {:.1}", x(place), y(*value)).expect("a string takes any text");
        is_drawing = true;
    }
    path
}

/// The distance of grid lines: 1, 2 or 5 times a power of ten.
fn step(range: f64) -> f64 {
    if range <= 0.0 {
        return 1.0;
    }
    let rough = range / GRID_LINES;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.into_iter().find(|step| step * power >= rough);
    step.unwrap_or(10.0) * power
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// A number as short as a label can be: 12,300,000 is `12.3M`.
pub(crate) fn short(value: f64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = units.into_iter().find(|(size, _)| value.abs() >= *size);
    let (size, name) = unit.unwrap_or((1.0, ""));
    format!("{}{name}", round(value / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_through_its_values_and_breaks_at_none() {
        let values = vec![Some(0.0), Some(10.0), None, Some(5.0)];
        let lines = [Line {
            label: "volume".to_owned(),
            values,
        }];
        let drawn = chart("Volume", &[0, 1, 2, 3], &lines).into_string();
        let bottom = HEIGHT - BOTTOM;
        let second = LEFT + (WIDTH - LEFT - RIGHT) / 3.0;
        let middle = TOP + (HEIGHT - TOP - BOTTOM) / 2.0;
        let end = WIDTH - RIGHT;
        let expected = format!("M{LEFT:.1} {bottom:.1}L{second:.1} {TOP:.1}M{end:.1} {middle:.1}");
        assert!(drawn.contains(&expected), "{expected} in {drawn}");
        assert!(drawn.contains("1970-01-01") && drawn.contains("1970-01-04"));
    }

    #[test]
    fn nothing_to_draw_is_an_empty_chart() {
        let drawn = chart("Volume", &[], &[]).into_string();
        assert!(drawn.contains("<svg") && !drawn.contains("NaN"));
        let one = Line {
            label: "volume".to_owned(),
            values: vec![Some(7.0)],
        };
        assert!(!chart("Volume", &[0], &[one]).into_string().contains("NaN"));
    }

    #[test]
    fn grid_lines_are_at_round_numbers() {
        let steps = [0.9, 4.0, 41.0, 1_900.0].map(|range| step(range).to_string());
        assert_eq!(steps, ["0.5", "1", "20", "500"]);
        let labels = [0.0, 950.0, 12_300_000.0, -2_500.0].map(short);
        assert_eq!(labels, ["0", "950", "12.3M", "-2.5k"]);
    }
}
