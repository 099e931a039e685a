"""An Anatomy from an MR: the network says what is bone, disc and canal, the image says what is fat, skin and sac."""
