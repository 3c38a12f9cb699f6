# One backend cannot be the memory of two nodes, and a name that nobody has is none; QEMU refuses both.
#~ 7:30 used-twice
#~ 8:71 unknown-id
qemu-system-x86_64 -m 2G \
  -object memory-backend-ram,id=ram0,size=1G -object memory-backend-ram,id=ram1,size=1G \
  -numa node,nodeid=0,memdev=ram0 \
  -numa node,nodeid=1,memdev=ram0 \
  -device pc-dimm,id=dimm0,memdev=ram1 -device nvdimm,id=dimm1,memdev=spare-of-all
