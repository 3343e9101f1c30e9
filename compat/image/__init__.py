"""Native images after they are linked: what they were made from, whether Windows would load them, who signed them, how to install them.

Where is what:

    record.py                             the record that an image carries in its section `.bpfcc`
    pe.py, metadata.py, authenticode.py   an image as the rules see it (subject.py: all of it); der.py reads signatures
    rules.py                              what must hold, as a table; the checks are in layout.py, metadata.py, origin.py
    compare.py, checksum.py               the same bytes but for signature and checksum?
    signing.py, install.py, document.py   osslsigncode; PowerShell; JSON
"""
