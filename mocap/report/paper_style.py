"""What the page of a trial adds to the common style: columns of pictures, facts, phones, paper."""

STYLE = """
h2.task{font-size:1.35rem;border-bottom:2px solid #222;margin-top:1rem}section.kinematics{break-before:page}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(9.5rem,100%),1fr));gap:.3rem 1.2rem}
dl.facts{margin:.6rem 0}
dl.facts dt{color:#555;font-size:12px;overflow-wrap:anywhere}dl.facts dd{margin:0;overflow-wrap:anywhere}
ul.plain{margin:.2rem 0;padding-left:1.1rem}p.use{margin:.5rem 0 .1rem;font-size:13px;color:#333}
div.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(18rem,100%),1fr));gap:.6rem 1.4rem}
div.frames{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(13rem,100%),1fr));gap:.4rem 1rem}
div.frames h3,div.plots h3{margin:.4rem 0 .1rem}svg.plot,svg.frames{width:100%;height:auto;display:block}
div.plots figcaption{max-width:none}div.wide{overflow-x:auto}span.answer{white-space:nowrap;font-weight:600}
div.settings{columns:2;column-gap:2rem}div.settings table{width:100%;margin:0}div.settings tr{break-inside:avoid}
div.settings td,div.settings th{padding:.1rem .3rem;font-size:12px}code.sha{overflow-wrap:anywhere}
section.assessment div.wide td.t{overflow-wrap:break-word;min-width:5.5rem}
div.pictures{grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr))}
td code{white-space:nowrap;font-size:.92em}
span.words{display:inline-block;max-width:11rem;white-space:normal}
sup{line-height:0}p,li,dd,figcaption,td{overflow-wrap:break-word}
@media screen and (max-width:40rem){body{margin:1rem auto;padding:0 .8rem}div.settings{columns:1}
table{display:block;max-width:100%;overflow-x:auto}div.wide td.t,div.wide th.t{min-width:9rem}
div.stack table,div.stack tbody,div.stack tr,div.stack td{display:block;text-align:left}div.stack th{display:none}
div.stack tr{border-bottom:1px solid #bbb;padding:.4rem 0}div.stack td{border:0;padding:.1rem 0}}
@page{size:A4;margin:14mm 13mm 16mm;@bottom-right{content:counter(page) " / " counter(pages);font:9px sans-serif}}
@media print{body,svg{font-family:Arial,"Liberation Sans",Helvetica,sans-serif}body{line-height:1.35}
div.wide{overflow:visible}div.wide table{font-size:10px;line-height:1.25}
div.metrics table,div.meanings table,div.settings table,section.kinematics table{font-size:9px;line-height:1.2}
div.fold{columns:2;column-gap:1.6rem}div.fold table{width:100%}div.metrics.fold th:first-child{width:62%}
section.kinematics td,section.kinematics th,div.settings td,div.settings th{padding:.06rem .3rem;font-size:9px}
div.metrics td,div.metrics th,section.assessment div.meanings td.t,div.meanings td{padding:.04rem .3rem}
table{margin:.2rem 0}.grade{padding:0 .35rem}
div.wide td,section.assessment div.wide td.t{white-space:normal;min-width:0;padding:.1rem .3rem}
div.metrics th:first-child{width:30%}div.headline td:not(.t){white-space:nowrap}thead{display:table-header-group}
h2,h3,p.lead{break-after:avoid}
h1{font-size:17px;margin:0}h2,h2.task{font-size:14px;margin:9px 0 3px}h3{font-size:12px;margin:4px 0 1px}
p{margin:3px 0}figcaption,p.note{font-size:10.5px}.box{padding:3px 10px;margin:6px 0}
figure,.box,dl.facts div,tr{break-inside:avoid}
div.plots{grid-template-columns:repeat(2,minmax(0,1fr))}dl.facts{grid-template-columns:repeat(4,minmax(0,1fr))}
div.pictures{grid-template-columns:repeat(2,minmax(0,1fr))}div.pictures img{width:93%}
div.frames+div.wide tr{line-height:1.1}
section.kinematics div.wide table{font-size:8.5px}section.kinematics div.wide td{font-size:8.5px}
div.frames{grid-template-columns:repeat(3,minmax(0,1fr))}}
"""
