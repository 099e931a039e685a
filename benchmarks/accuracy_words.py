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

Rows tell the commit they were measured at; what is said here holds for the newest code.

- **Whole vertebra, posterior elements and articular processes**: marrow below muscle's HU and noise above 60 HU (`vertebra_ct`) still cost the arch its thin
  cortex; at 3 mm voxels a joint's gap is not resolved, and its confidence there is below 0.3. T1 to T8 share ribs' heads with their neighbours.
- **Facet joints**: within 1 mm where slices show the gap, mostly lumbar. Where no gap is clear, or a clear one lies elsewhere than where both bones' outlines meet,
  the point is taken half-way between these, at a confidence of 0.35 at most; at 3 mm slices that was 1 to 6 mm off, and its confidence below 0.1. Two left thoracic
  joints of `lumbar_bone_ct` are 4.6 mm off: there the outlines were flooded up to the wrong gap, so both ways agree, and only the other side contradicts.
- **Vertebral body**: a rim of one voxel at the end-plates is too much on phantoms; where the back wall is as faint as its marrow (`vertebra_ct`), the canal's margin
  takes a voxel of it.
- **Sacrum and ilium**: parted at the sacroiliac sheet; thin cortex and marrow below 95 HU of the low sacrum are lost at 3 mm, and the tunnels of its foramina are not
  carved out of it. The share of an ala that names the lumbosacral disc rests on three sacra; a sacralised L5 was not among them.
- **Ribs**: whole arches; thin ribs are lost between slices of 3 mm.
- **Sacral foramina** have no labelled truth on any scan here; on phantoms they lie within what they state.
- **Foramen L5/S1**: the pedicle of S1 merges with the ala and has no outer border; where it was seen much narrower than L5's it is drawn as wide. On the phantoms
  "plain" and "osteoporosis" the middles are now 2.5, 2.6 and 3.0, 3.6 mm off (before 2.8, 3.6 and 4.1, 3.6); porotic pedicles are still seen too narrow.
- **Disc levels** of the upper thorax have extras.
- **Aorta**: runs on into the left iliac artery at the bifurcation; arch and ascending part are not followed.
- **Inferior vena cava**: its usual course carries it through the liver where it is not seen; in the arterial phase it may jump to duodenum or portal vein, which its
  confidence and a warning say.
- **Iliac vessels** are zones from L4 to the hip joints, not outlines, with or without contrast. The zones' bounds come from label maps that include
  `lumbar_pelvis_ct` and `lumbar_bone_ct`. Without a name for T12 there is none.
- **Kidney**: touching muscle without fat between adds or costs some millimetres at a pole, more than the stated uncertainty on `thorax_ct`.
- **Liver, spleen, bowel** are obstacles of low confidence; tips of the liver may be missed by centimetres. Psoas is outlined poorly.
- **Not drawn at all**: renal vessels, diaphragmatic crura, coccyx apart from the sacrum; ureters are zones along their usual course.
- A statement about MRI, the neck and the upper thorax is not made here.
"""
