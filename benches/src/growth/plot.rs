//! A plot with two logarithmic axes, as SVG.

use std::fmt::Write as _;

use super::{Point, Work};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
/// Where the plot's area begins and ends, from the left and from the top.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 520.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 390.0;
/// The decades of both axes: objects from 10^4 to 10^6, seconds from 10^-4 to 10^1.
const OBJECTS: (f64, f64) = (4.0, 6.0);
const SECONDS: (f64, f64) = (-4.0, 1.0);

fn x(objects: f64) -> f64 {
    LEFT + (objects.log10() - OBJECTS.0) / (OBJECTS.1 - OBJECTS.0) * (RIGHT - LEFT)
}

fn y(seconds: f64) -> f64 {
    BOTTOM - (seconds.log10() - SECONDS.0) / (SECONDS.1 - SECONDS.0) * (BOTTOM - TOP)
}

/// The points as curves of time over the number of objects, and a line along which time is linear.
pub(super) fn svg(points: &[Point]) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_svg(&mut out, points);
    out
}

fn write_svg(out: &mut String, points: &[Point]) -> std::fmt::Result {
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
<text x="{LEFT}" y="18">Seconds over the number of objects (both logarithmic)</text>"##
    )?;
    for decade in [-4, -3, -2, -1, 0, 1] {
        let at = y(10_f64.powi(decade));
        writeln!(out, r##"<line x1="{LEFT}" x2="{RIGHT}" y1="{at:.1}" y2="{at:.1}" stroke="#dddddd"/>"##)?;
        let label = 10_f64.powi(decade);
        writeln!(out, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#, LEFT - 8.0, at + 4.0)?;
    }
    for (objects, label) in [(1e4, "10,000"), (1e5, "100,000"), (1e6, "1,000,000")] {
        let at = x(objects);
        writeln!(out, r##"<line x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{BOTTOM}" stroke="#dddddd"/>"##)?;
        writeln!(out, r#"<text x="{at:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#, BOTTOM + 20.0)?;
    }
    // What is linear is parallel to this: a microsecond an object.
    writeln!(
        out,
        r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="#999999" stroke-dasharray="4 4"/>"##,
        x(1e4),
        y(1e-2),
        x(1e6),
        y(1.0)
    )?;
    let mut legend = TOP + 10.0;
    let mut entry = |out: &mut String, color: &str, dash: &str, label: &str| -> std::fmt::Result {
        let (from, to, text) = (RIGHT + 15.0, RIGHT + 40.0, RIGHT + 48.0);
        writeln!(
            out,
            r#"<line x1="{from}" x2="{to}" y1="{legend}" y2="{legend}" stroke="{color}" stroke-width="2"{dash}/>
<text x="{text}" y="{:.1}">{label}</text>"#,
            legend + 4.0
        )?;
        legend += 22.0;
        Ok(())
    };
    for (work, color) in Work::ALL.into_iter().zip(["#1b6ca8", "#c0392b", "#27823b", "#8e5ea2"]) {
        let own: Vec<&Point> = points.iter().filter(|point| point.work == work).collect();
        let path: Vec<String> =
            own.iter().map(|point| format!("{:.1},{:.1}", x(f64::from(point.objects)), y(point.seconds))).collect();
        writeln!(out, r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="2"/>"#, path.join(" "))?;
        for at in path {
            if let Some((cx, cy)) = at.split_once(',') {
                writeln!(out, r#"<circle cx="{cx}" cy="{cy}" r="3" fill="{color}"/>"#)?;
            }
        }
        entry(out, color, "", work.label())?;
    }
    entry(out, "#999999", r#" stroke-dasharray="4 4""#, "1 µs an object")?;
    writeln!(out, "</svg>")
}
