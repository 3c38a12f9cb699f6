# Who names one memory backend and forgets the other pays for both.
#~ 5:11 warning unused-object
qemu-system-x86_64 -m 1G -machine q35,memory-backend=ram0 \
  -object memory-backend-ram,id=ram0,size=1G \
  -object memory-backend-ram,id=ram1,size=1G
