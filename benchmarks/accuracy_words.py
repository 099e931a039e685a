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

Rows tell the commit they were measured at; what is said here holds for the newest code. Seconds were taken beside other work.

**Sure and wrong**: of vertebrae named at 0.9 or more, of discs and joints at 0.9 or more, and of foramina at 0.5 or more none, none, none and 1 to 2 % were wrong (phantoms; table above). A sacral
foramen's confidence is below 0.5 whatever is seen of its tunnel, for its dorsal opening lies 3.5 mm off (median) and no closer where the tunnel is clearer: a person must look at every S1 plan (the
rows of the table below are of a commit where it reached 0.95). What a plan keeps clear uses
the stated uncertainty, which held 91 %.

**Drawn changes** (`tests/planner/anatomy/test_invariance.py`, `test_invariance_real.py`): turned by 12 degrees, mirrored, cropped to 70 mm, resampled to 3 and 5 mm, with noise of 30 and 60 HU, no landmark of `lumbar_pelvis_ct`
(35) or `abdomen_ct` (29 to 31; cropped 5 and 9) moved further than it states, and no sure name changed. Chains of up to four changes: ten seeds on `lumbar_pelvis_ct`, one refused, one body 3.9 mm of 3.5.
Of the long row of 57 seeds on the phantom (`make soak`) 56 hold; 47 (a rod of metal drawn through the spinal canal itself, another beside the spine) moves a disc 8.7 mm of 5.0 stated and two ganglia 13.3 of 9.1 and 9.7 of 7.5. Within
40 mm of metal, and where a disc is hardly seen, landmarks now state more and are less sure, and no name is surer than the least disc counted from its anchor: so twelve names of `thorax_ct` are not certain any more
(all were right).

- **Whole vertebra, posterior elements and articular processes**: marrow below muscle's HU and noise above 60 HU (`vertebra_ct`) still cost the arch its thin
  cortex; at 3 mm voxels a joint's gap is not resolved, and its confidence there is below 0.3. T1 to T8 share ribs' heads with their neighbours.
- **Facet joints**: what blurs a gap is how long voxels are across it: slices of 3 to 5 mm with pixels of 1 mm show upright joints, cubes of 3 mm do not (there
  both subchondral plates blur to one bright sheet, and points are 1 to 5 mm off at a confidence below 0.1). Where no gap is clear the point is taken half-way
  between both bones' outlines, at a confidence of 0.35 at most. Above T8 thin gaps that lean across slices of 2.5 mm are not seen: up to 3.4 mm off, and all
  that were off stated 0.13 or less. Of `lumbar_bone_ct` all but one (1.1 mm) lie within it. A joint's expected place is 6 to 7 mm too far behind and too
  medial at L5/S1 of two scans and L4/L5 of one: the gap is found all the same where it shows.
- **Vertebral body**: the steepest rise of a thin bright plate lies 0.6 to 1 mm outside it. End-plates are moved in by a fit of the blurred plate, weighed by the blur; walls are not (4 to 6 % too much on
  phantoms): trimmed to the contour they gained 0.001 to 0.002 on phantoms and `thorax_ct` and lost as much on `lumbar_pelvis_ct`, whose labels run along the blur's outer flank; where the back wall is as faint as its marrow (`vertebra_ct`), the canal's margin
  takes a voxel of it.
- **Hip bones**: the balls that should end them at the hip joints lie 15 to 26 mm from the true heads on both scans that show hips, so part of a femoral
  head is drawn as hip bone (most of what is too much). `lumbar_bone_ct` holds no bone below 200 HU: its marrow is painted as fat, 42 % of its sacrum.
- **Sacrum and ilium**: parted at the sacroiliac sheet; thin cortex and marrow below 95 HU of the low sacrum are lost at 3 mm, and the tunnels of its foramina are not
  carved out of it. The share of an ala that names the lumbosacral disc rests on three sacra; a sacralised L5 was not among them.
- **Ribs**: whole arches; thin ribs are lost between slices of 3 mm.
- **Sacral foramina** have no labelled truth on any scan here; on phantoms 91 % lie within what they state.
- **Foramen L5/S1**: the pedicle of S1 merges with the ala and has no outer border; where it was seen much narrower than L5's it is drawn as wide. On the phantoms
  "plain" and "osteoporosis" the middles are now 2.5, 2.6 and 3.0, 3.6 mm off (before 2.8, 3.6 and 4.1, 3.6); porotic pedicles are still seen too narrow.
- **Disc levels**: one of 21 of T9 to S1 misses 1.5 mm, `thorax_ct`'s C6/C7 is not found. Many discs of its upper thorax lie right with a confidence below 0.6. The truth of a disc that cannot be
  read from whole bodies (L5/S1 of `lumbar_pelvis_ct`, whose gap spreads by 6 mm) is left out.
- **Joints that are off say so**: of 42 joints on `thorax_ct` and `lumbar_pelvis_ct` the 23 that are further than 1 mm off have a confidence of .124 or less.
- **Aorta**: the descending aorta is followed from its bifurcation to below the arch (`thorax_ct`, organs alone: Dice 0.89 of that
  part, 0.52 of the whole label); arch and ascending part are not, and are measured apart from now on.
- **Inferior vena cava**: its usual course carries it through the liver where it is not seen, and there it is drawn too small; in the arterial phase
  (`thorax_ct`) unmixed renal blood draws the track up to 9 mm aside. Flatter outlines and a wider place were tried: Dice 0.59 -> 0.60. A tube of less than 0.6
  confidence states up to 6 mm. Where it is carried and its outline is not seen, a zone of up to 8 mm beside it is kept clear and counts as cava here: more is held on every real scan (0.84 -> 0.89
  on `abdomen_ct`, 0.91 -> 0.94 on `thorax_ct`), and the Dice falls where the outline was good (`lumbar_pelvis_ct` 0.83 -> 0.74). It costs paths (L4 right on `abdomen_ct` one of five left), no target.
  0.9 and 7 % of its voxels lie in no obstacle on these two (at most 2.4 and 6.3 mm outside).
- **Iliac vessels** are followed as far as S2 where they are seen (the phantom's arteries with contrast within a voxel to there), and a zone from L4 to the hip joints
  is kept clear where an outline is less sure than 0.8. Labels go on to the groin, and a left vein that crosses in one slice is not followed: no Dice near 0.80.
  The zones' bounds come from label maps that include `lumbar_pelvis_ct` and `lumbar_bone_ct`. Without a name for T12 there is none.
- **Kidney**: touching muscle without fat between adds or costs some millimetres at a pole, more than the stated uncertainty on `thorax_ct`.
- **Bowel** is whatever inside the abdomen's wall has no other name and is no fat: an obstacle, no outline, so its Dice stays near 0.5. Its wall is now closed over
  gaps, and taken as the polygon around it in front of the bodies; the pelvis in front of the sacrum and loops filled with stool belong to it.
- **Liver and spleen** are obstacles; most of what their outlines miss is held by bowel or the pleural zone. The dome between the lungs' bases is drawn; at most 8.7 mm of it (`abdomen_ct`) lie
  outside every obstacle. On short phantoms they are not drawn, and the plan says so.
- **A kidney that the scan cuts to a third** (`shortest_lumbar`, `interventional`) is not drawn, and what of it lies behind the place of bowel is no obstacle: up to
  12 mm outside every obstacle; the plan prints kidney as NOT CHECKED.
- **A narrow scan**: 3 % of the bowel's voxels of `narrow` and `narrow_contrast` lie up to 44 mm outside every obstacle, in front, where the field of view ends. No path enters there: its skin is not in the image.
- **An oblique scan**: lungs that its tilted end cuts opened to the room (`tilt_15`, `side_tilt_10`, `oblique`: 38 to 58 % of their voxels in any obstacle, up to 16 mm outside). Its skin is now found on its own
  slices. On MR, where lungs are not drawn, it is not.
- **Lungs of phantoms** reach 0.95 to 0.96: a crescent of a voxel at the wall; the pleural zone holds it. One short one shows a sliver of lung that is not drawn as lung.
- **Iliac vessels of phantoms**: true labels of arteries and veins hold mesenteric and renal ones too, so their Dice is no figure of the iliacs alone.
- **Not drawn at all**: arch of the aorta, heart and oesophagus, mesenteric vessels, coccyx apart from the sacrum; ureters are zones along their usual course, renal
  vessels where contrast does not show them.

- A statement about MRI, the neck and the upper thorax is not made here.
"""
