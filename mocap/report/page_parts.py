"""What the HTML pages share: style, numbers, tables, badges. Every text is escaped here."""

import html
from collections.abc import Sequence

import numpy as np

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #ddd}
h3{font-size:1rem;margin:1.2rem 0 .3rem}table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.2rem .7rem;border-bottom:1px solid #e4e4e4;text-align:right;vertical-align:top}
td:first-child,th:first-child,td.t,th.t{text-align:left}th{font-weight:600}
.grade{display:inline-block;padding:0 .55rem;border-radius:.6rem;color:#fff;font-weight:600;white-space:nowrap}
.grade.good,.grade.ok{background:#1b7f3b}.grade.usable,.grade.warn{background:#b36b00}
.grade.refuse,.grade.fail{background:#b3261e}
.box{border:1px solid #ddd;border-left:.4rem solid;padding:.5rem 1rem;margin:.8rem 0;border-radius:.2rem}
.box.good{border-left-color:#1b7f3b;background:#f2faf4}.box.usable{border-left-color:#b36b00;background:#fdf8ef}
.box.refuse{border-left-color:#b3261e;background:#fdf1f0}.row{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:.3rem 0;break-inside:avoid}figcaption,p.note{color:#555;font-size:13px;max-width:28rem}
p.note{max-width:none}svg{max-width:100%;height:auto;font-family:system-ui,sans-serif}svg text{font-family:inherit}
div.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));gap:.4rem 1.2rem}
div.pictures h3{margin:.4rem 0 0}img{max-width:100%;height:auto;display:block}
div.wide table{font-size:12px;line-height:1.35}
div.wide td,div.wide th{padding:.15rem .4rem}div.wide td{white-space:nowrap}
div.wide td.t{white-space:normal;overflow-wrap:anywhere}small{color:#555}
section.camera{break-inside:avoid}table.figures td,table.figures th{padding:.2rem .45rem;font-size:13px}
table.figures th{max-width:6.5rem;white-space:normal}td.warn{background:#fbe3bd;color:inherit}
td.fail{background:#f6c5c1;color:inherit}td.ok{background:none}
@media (min-width:50rem){section.camera .row{flex-wrap:nowrap}section.camera figure{min-width:0}}
@media print{body{margin:0;max-width:none;font-size:12px}.row{flex-wrap:nowrap}.row figure{flex:1 1 0;min-width:0}
.grade,.box,td{print-color-adjust:exact;-webkit-print-color-adjust:exact}h2{break-after:avoid}tr{break-inside:avoid}}"""


def escaped(value: object) -> str:
    """Return a value as text that HTML takes for text."""
    return html.escape(str(value))


def grade_badge(word: str) -> str:
    """Return a grade or a status as a coloured word."""
    return f'<span class="grade {escaped(word)}">{escaped(word)}</span>'


def number(value: float | None, digits: int = 3, unit: str = "") -> str:
    """Return a number with its unit on one line; 'unknown' where it is none."""
    if value is None or not np.isfinite(value):
        return "unknown"
    shown = f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"
    return f"{shown} {unit}".strip().replace(" ", "\u00a0")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int] = ()) -> str:
    """Return a table of cells that are HTML already; columns `words` are set to the left."""
    def cells(tag: str, row: Sequence[str]) -> str:
        kinds = [f'<{tag} class="t">' if column in words else f"<{tag}>" for column in range(len(row))]
        return "".join(f"{kind}{cell}</{tag}>" for kind, cell in zip(kinds, row, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', [escaped(word) for word in head])}</tr>{body}</table>"
