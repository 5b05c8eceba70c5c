//! Reading Prometheus metrics.

use std::time::Duration;

use anyhow::Result;

/// The text of a metrics endpoint.
pub async fn scrape(url: &str) -> Result<String> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    Ok(http.get(url).send().await?.error_for_status()?.text().await?)
}

/// The sum of all series of a metric whose labels hold `label` (any if empty).
pub fn metric(text: &str, name: &str, label: &str) -> f64 {
    text.lines()
        .filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (found, labels) = series.split_once('{').unwrap_or((series, ""));
            (found == name && labels.contains(label)).then(|| value.parse::<f64>().ok()).flatten()
        })
        .sum()
}
