"""The report in a browser, as its readers see it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from live_classify.answers.segments import Segment
from live_classify.core.values import Answered, Frame, Label, Prediction
from live_classify.outputs.report import Report
from media import photograph

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=500,700"),
]
# Clicks what a reader would, and leaves what has become of the page where the test finds it.
READER = """<script>
document.querySelectorAll("summary")[1].click();
setTimeout(() => {
  const picked = [...document.querySelectorAll("rect.picked")].map(rect => rect.querySelector("title").textContent);
  document.title = JSON.stringify({picked, wide: document.documentElement.scrollWidth, ran: window.ran || false});
}, 0);
</script>"""


def test_a_reader_clicks_a_label_and_sees_when(tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        assert os.environ.get("CI") != "true", "chromium is missing"
        pytest.skip("chromium isn't installed")
    cat, cup = Label(1, "n1", "cat", 0.9), Label(2, "n2", "<script>ran=true</script>", 0.7)
    report = Report(tmp_path / "report.html")
    for number, label in enumerate((cat, cup)):
        frame = Frame(photograph(640, 360), number, 0.0, number * 1.0, "<script>ran=true</script>.mp4")
        report.write_frame(Answered(frame, (Prediction((label,), None, np.ones(1, np.float32), 0.0),)))
    for start_s, label in ((0.0, cat), (4.0, cup), (5.0, cat), (9.0, cup)):
        report.write_segment("<script>ran=true</script>.mp4", Segment(label, start_s, start_s + 1, 30))
    report.close()
    page = tmp_path / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("</body>", READER + "</body>"), encoding="utf-8")

    command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    screenshot = f"--screenshot={tmp_path / 'page.png'}"
    done = subprocess.run([*command, screenshot, page.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    title = re.search(r"<title>(\{.*?)</title>", done.stdout)
    assert title is not None, done.stderr
    assert title[1] == (
        '{"picked":["&lt;script&gt;ran=true&lt;/script&gt;, 0:04.0 to 0:05.0",'
        '"&lt;script&gt;ran=true&lt;/script&gt;, 0:09.0 to 0:10.0"],"wide":500,"ran":false}'
    )
