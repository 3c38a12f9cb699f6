# Quotes and line breaks do not move places.
#~ 4:46 invalid-size
#~ 5:28 unknown-property
qemu -object 'memory-backend-ram',id=a,size="64"Q \
  -object rng-builtin,id=b,siz=1 \
  -m 1G
