# The memory of the guest is said in two ways, which QEMU refuses.
#~ 5:21 memory-named-twice
qemu-system-x86_64 -m 1G -machine q35,memory-backend=ram0 \
  -object memory-backend-ram,id=ram0,size=1G -object memory-backend-ram,id=ram1,size=1G \
  -numa node,memdev=ram1
