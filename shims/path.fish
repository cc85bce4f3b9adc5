# headroom shims: begin
fish_add_path --path --prepend --move @FOLDER@
# headroom shims: end
