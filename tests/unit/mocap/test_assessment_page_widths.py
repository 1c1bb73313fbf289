"""The page of an assessment in a browser: nothing is clipped at the width of a phone, of a screen or of paper."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mocap.report.trial_page import trial_page

_SPEC = importlib.util.spec_from_file_location(
    "assessed_trials", Path(__file__).resolve().parents[2] / "fixtures" / "assessed_trials.py"
)
assert _SPEC is not None and _SPEC.loader is not None
trials = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(trials)

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), "")
# Elements that reach beyond the page and lie in no box that scrolls, and words of pictures beyond their picture.
PROBE = """<script>addEventListener('load',()=>{const W=document.documentElement.clientWidth,bad=[];
for(const e of document.querySelectorAll('body *')){const r=e.getBoundingClientRect();
if(r.width>0&&r.right>W+1){let p=e.parentElement,inside=false;while(p){if(getComputedStyle(p).overflowX=='auto'){
inside=p.getBoundingClientRect().right<=W+1;break}p=p.parentElement}if(!inside)bad.push(e.tagName)}}
for(const t of document.querySelectorAll('svg text')){const r=t.getBoundingClientRect(),
s=t.ownerSVGElement.getBoundingClientRect();
if(r.left<s.left-1||r.right>s.right+1||r.top<s.top-1||r.bottom>s.bottom+1)bad.push('text '+t.textContent)}
document.title='W='+W+' BEYOND='+bad.length+' '+bad.slice(0,5).join('|')})</script>"""


@pytest.mark.heavy
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 700, 1366])
def test_nothing_reaches_beyond_the_page(width: int, tmp_path: Path) -> None:
    for name, made in (("squat", trials.squat_trial()), ("gait", trials.gait_trial())):
        page = trial_page(made).replace("</body>", f"{PROBE}</body>")
        (tmp_path / "page.html").write_text(page, encoding="utf-8")
        # A window is never as narrow as a phone; a frame in it is.
        (tmp_path / "frame.html").write_text(
            f"<iframe id=f src=page.html width={width} height=900></iframe><script>setTimeout(()=>document.title="
            "document.getElementById('f').contentDocument.title,2000)</script>"
        )
        words = (CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom",
                 "--allow-file-access-from-files", "--virtual-time-budget=6000", f"--user-data-dir={tmp_path}",
                 (tmp_path / "frame.html").as_uri())  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        title = re.search(r"<title>(.*?)</title>", done.stdout)
        assert title is not None, done.stderr[-500:]
        assert title[1].startswith(f"W={width} BEYOND=0"), (name, title[1])
