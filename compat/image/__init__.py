"""Native images after they are linked: what they are made from, whether they may load, how they are signed and installed.

record.py      the record that an image carries in its section `.bpfcc`
pe.py          an image as the rules see it
rules.py       what must hold, as a table
"""
