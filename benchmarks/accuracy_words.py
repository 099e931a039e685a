"""The sentences of ``docs/accuracy.md``: how it was measured, and what misses its bar."""

INTRODUCTION = """# Accuracy of the anatomy on CT

Written by `make bench-accuracy` from `benchmarks/results/accuracy.json` (every figure of every case is there); do not edit by hand.

- **Looked at while tuning: every real scan below.** None is held out. What these figures say about another scan is an upper bound;
  the phantoms are closed-form truth, but smoother than people, and were looked at too.
- Labels of `lumbar_pelvis_ct`, `thorax_ct` and `lumbar_bone_ct` were made by software (TotalSegmentator): no truth above a Dice of 0.95.
  `abdomen_ct`'s vessel labels hold all branches; what a 6 mm ball fits in is taken for the trunk. Its label "venous system" may hold hepatic veins.
- `lumbar_bone_ct` is real bone in painted soft tissue (fat, organs at one value each, discs, gas, noise of 15 HU): it judges bone, not organs.
- Nothing is cropped. A structure that the first or last slice cuts is measured, and left out of the bars for vertebrae.
- Vertebrae are matched by overlap, whatever they are called; names are judged on their own row. *Certain* is a name confidence of 0.8 or more.
- Discs of real scans: half-way between labelled bodies; foramina and ganglia: truth on phantoms alone. A joint's error is its point's distance from
  the surface half-way between the two bones' labels.
"""

RISK_NOTE = """
## What a needle cares about

*own*: share of true voxels inside the structure's own label; *grown*: inside it after the planner's growth by the stated uncertainty; *any*: inside any obstacle
that a lumbar plan keeps clear of; *margin*: how far the farthest missed voxel lies outside every obstacle, mm. A structure that is not drawn at all has no
*grown*; the plan prints it as NOT CHECKED only where no other part of it was found.
"""

MISSES = """
## What misses its bar, and what limits it

- **Whole vertebra, posterior elements and articular processes**: the body's column is close to its bar, the arch leaks into its neighbours at the joints and into
  the ilium at L5; at 3 mm voxels the joint gap is not resolved. The articular processes' parts are the weakest (JSON, kinds `superior_articular_process` and
  `inferior_articular_process`).
- **Facet joints**: within 1 mm where slices show the gap; at 3 mm they do not, and their confidence there is below 0.3.
- **Ribs**: only the part that a rib is traced along from its vertebra is called rib; the lateral arch stays `bone` (an obstacle all the same).
- **Sacrum and ilium** of `lumbar_pelvis_ct` (3 mm, hip prosthesis) and `lumbar_bone_ct` were not told apart from other bone when these rows were measured; they are
  obstacles as `bone`. On `lumbar_bone_ct` neither anchor showed, so no level was named: nothing wrong was said, and nothing useful.
- **Canal of `lumbar_bone_ct`**: its row counts the sacral canal too; above L5/S1 it was not measured apart.
- **`vertebra_ct`** (11 cm, osteoporotic, no canal label): the arch is lost there, and with it the articular processes.
- **Inferior vena cava**: without contrast its track leaves the vein towards the liver. Where it ends inside the scan a zone along the spine is kept clear
  (confidence 0.2) and said; where it runs on in a neighbour instead, nothing tells, and *grown* above shows it.
- **Iliac vessels** without contrast are not seen. The band in front of L4 to S1 held 52 % of all labelled iliac voxels of `lumbar_pelvis_ct`, whose labels run on to the
  groin; its bounds come from three adults who are among the scans above. Without a name for T12 there is no band.
- **Kidney**: one that touches liver or muscle without fat between may lose a pole. The two lengths are compared: over 20 mm of difference lowers the confidence and raises
  the uncertainty; the right kidney of `lumbar_pelvis_ct` (90 of 108 mm drawn) still passes. On `thorax_ct` and `lumbar_bone_ct` (left) something else
  was taken for a kidney; far from T12 none is sought any more, where T12 is named. Rows say the commit they were measured at (JSON).
- **Bowel, liver, spleen** are obstacles of low confidence; the spleen is often not told from its neighbours and then not drawn.
- A statement about MRI, the neck and the upper thorax is not made here.
"""
