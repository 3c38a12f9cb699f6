# The last word is an option.
#~ 3:12 missing-argument
qemu -m 1G -object
